import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { createKubeClient, loadKubeConfig, type KubeClient } from 'velero-datamover/kube';
import { moverConformance, podVolumes } from 'velero-datamover/mover-conformance';
import { installArchiveMover } from '../src/archive-mover.ts';

/**
 * Runs the conformance suite for this mover on a real cluster. Configure it with environment variables:
 *
 * - NAMESPACE: an empty namespace with Secrets `archive-mover`, and `wrong-key`, which contains another key
 * - S3_ENDPOINT, S3_BUCKET, and the keys of the first Secret as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
 * - STORAGE_CLASS, ENGINE_IMAGE (image/Containerfile) and POD_IMAGE, which has a shell
 */
const {
  NAMESPACE: namespace = 'archive-conformance',
  S3_ENDPOINT: endpoint = '',
  S3_BUCKET: bucket = '',
  AWS_ACCESS_KEY_ID: keyId = '',
  AWS_SECRET_ACCESS_KEY: secretKey = '',
  STORAGE_CLASS: storageClassName = 'standard',
  ENGINE_IMAGE: image = '',
  POD_IMAGE: podImage = 'docker.io/library/busybox:1.37',
} = process.env;

describe('mover Archive', () => {
  const suite = moverConformance();
  let client: KubeClient;

  before(async () => {
    client = createKubeClient(await loadKubeConfig(), { fieldManager: 'conformance', maxConnections: 20 });
    const using = (secret: string): Record<string, unknown> => ({
      ...{ endpoint, bucket, image },
      secret: { name: secret },
    });
    await suite.start({
      install: installArchiveMover,
      client,
      namespace,
      config: using('archive-mover'),
      volumes: podVolumes({ client, namespace, image: podImage, storageClassName }),
      unusable: [
        { title: 'a wrong key', config: using('wrong-key'), reasons: ['PermissionDenied'] },
        { title: 'a secret that is not there', config: using('none'), reasons: ['SecretNotFound'] },
      ],
      secretValues: [secretKey],
      storageClassName,
      snapshotsIn: (path) => Promise.resolve(manifestsIn(path)),
    });
  });

  after(() => client.close());

  for (const title of suite.titles) it(title, () => suite.check(title));
});

/** Lists what rclone sees, with the same settings as in the Job. */
function manifestsIn(repositoryPath: string): string[] {
  const env = {
    PATH: process.env['PATH'],
    NO_PROXY: process.env['NO_PROXY'],
    AWS_ACCESS_KEY_ID: keyId,
    AWS_SECRET_ACCESS_KEY: secretKey,
    RCLONE_CONFIG_STORE_TYPE: 's3',
    RCLONE_CONFIG_STORE_PROVIDER: 'Other',
    RCLONE_CONFIG_STORE_ENV_AUTH: 'true',
    RCLONE_CONFIG_STORE_ENDPOINT: endpoint,
  };
  const args = ['lsf', `store:${bucket}/${repositoryPath}`, '--include', '*.json'];
  const files = execFileSync('rclone', args, { env, encoding: 'utf8' }).split('\n');
  return files.filter((file) => file !== '').map((file) => file.replace(/\.json$/, ''));
}
