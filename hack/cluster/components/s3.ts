import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from '../component.ts';
import type { ClusterConfig } from '../config.ts';

/**
 * The object store. It stands outside the cluster, on the host's end of the cluster's cable:
 * losing the cluster must not lose it.
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
  // Any answer will do: without a signature it is a refusal.
  ready: async ({ config }) => (await fetch(config.s3.endpoint)).status > 0,
};

/** As the S3 server keeps them, beside the one that owns all. */
function accounts({ s3: { stranger } }: ClusterConfig): string {
  const { accessKey: access, secretKey: secret } = stranger;
  return JSON.stringify({ accessAccounts: { [access]: { access, secret, role: 'user' } } });
}
