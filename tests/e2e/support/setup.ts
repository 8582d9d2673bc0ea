import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createProgress } from '../../../hack/cluster/index.ts';
import type { Cluster } from '../../../hack/cluster/index.ts';
import { connect, e2eCluster } from './cluster.ts';

/** Starts the cluster and does what an administrator does after the installation. */
export async function setUp(): Promise<void> {
  const cluster = e2eCluster();
  await cluster.up(createProgress(process.stdout));
  const test = await connect();
  try {
    await test.kubectl([
      'annotate',
      '--overwrite',
      'namespace',
      test.namespace,
      // Without it movers may not keep the owners of files.
      'volsync.backube/privileged-movers=true',
    ]);
    await test.apply(defaultClass(cluster), resticSecret(cluster), sample('plugin-config'));
  } finally {
    await test.close();
  }
}

/** The password of all repositories of the tests. */
export const RESTIC_PASSWORD = 'e2e-repository-password';

/** Returns the user's secret, as in config/samples, for the cluster's object store. */
export function resticSecret(
  { s3, namespace }: Pick<Cluster, 's3' | 'namespace'>,
  { name = 'restic-config', ...keys }: { name?: string } & Record<string, string> = {},
): { apiVersion: string; kind: string; metadata: { name: string; namespace: string } } {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    ...{
      stringData: {
        RESTIC_REPOSITORY: `s3:${s3.endpoint}/${s3.buckets.datamover}/restic`,
        RESTIC_PASSWORD,
        AWS_ACCESS_KEY_ID: s3.accessKey,
        AWS_SECRET_ACCESS_KEY: s3.secretKey,
        ...keys,
      },
    },
  };
}

/**
 * Returns the class of config/samples, with a restic image that the cluster already has, because it has no access to a registry.
 */
function defaultClass({ images }: Pick<Cluster, 'images'>): object {
  const sampled = sample('class') as { spec: { config: object } };
  const config = { ...sampled.spec.config, resticImage: images.volsyncRestic };
  return { ...sampled, spec: { ...sampled.spec, config } };
}

function sample(name: string): object {
  const file = join(import.meta.dirname, '../../../config/samples', `${name}.yaml`);
  return parse(readFileSync(file, 'utf8')) as object;
}
