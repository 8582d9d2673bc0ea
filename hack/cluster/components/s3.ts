import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from '../component.ts';
import type { ClusterConfig } from '../config.ts';

/**
 * The object store. It runs outside the cluster, on the host's end of the veth pair, so that it survives the loss of the cluster.
 */
export const s3: Component = {
  name: 's3',
  title: 'S3 server',
  survivesWipe: true,
  prepare: ({ config }) => {
    for (const bucket of Object.values(config.s3.buckets)) {
      mkdirSync(join(config.paths.s3, bucket), { recursive: true });
    }
    mkdirSync(config.paths.s3Accounts, { recursive: true });
    writeFileSync(join(config.paths.s3Accounts, 'users.json'), accounts(config));
  },
  process: ({ config, program }) => ({
    command: program('versitygw'),
    args: [
      '--port',
      new URL(config.s3.endpoint).host,
      '--region',
      config.s3.region,
      '--iam-dir',
      config.paths.s3Accounts,
      'posix',
      config.paths.s3,
    ],
    env: { ROOT_ACCESS_KEY: config.s3.accessKey, ROOT_SECRET_KEY: config.s3.secretKey },
  }),
  // Any response is enough: a request without a signature is rejected.
  ready: async ({ config }) => (await fetch(config.s3.endpoint)).status > 0,
};

/** Returns the accounts file of the S3 server, for accounts besides root. */
function accounts({ s3: { stranger } }: ClusterConfig): string {
  const { accessKey: access, secretKey: secret } = stranger;
  return JSON.stringify({ accessAccounts: { [access]: { access, secret, role: 'user' } } });
}
