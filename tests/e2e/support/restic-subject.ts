import { createKubeClient } from '../../../kube/client/http-kube-client.ts';
import { loadKubeConfig } from '../../../kube/client/config.ts';
import type { MoverFactory } from '../../../movers/factory.ts';
import type { Opened } from '../../../testing/conformance/jest.ts';
import { podVolumes } from '../../../testing/conformance/volumes.ts';
import { restic } from './restic.ts';
import { RESTIC_PASSWORD, resticSecret } from './setup.ts';
import { startSlowProxy } from './slow-proxy.ts';
import { openStory } from './story.ts';

const WRONG_PASSWORD = 'a-password-that-was-forgotten';
const WRONG_KEY = 'a-key-that-was-withdrawn';

const SLOW_BYTES_PER_SECOND = 50_000;

interface SubjectOptions {
  /** Further settings of the class, besides those of the repositories. */
  settings?: Record<string, unknown>;
  /** True if an upload that is canceled must leave no lock. */
  isCutShort?: boolean;
}

/**
 * Opens a mover with restic repositories for the conformance suite, in a protected namespace other than Velero's, so that it is
 * independent of the controller and of other stories.
 */
export async function openResticSubject(
  title: string,
  install: MoverFactory,
  { settings = {}, isCutShort = false }: SubjectOptions = {},
): Promise<Opened> {
  const story = await openStory(`conform-${title}`);
  const { cluster } = story;
  const namespace = await story.makeNamespace('protected');
  const privileged = 'volsync.backube/privileged-movers=true';
  await story.kubectl(['annotate', 'namespace', namespace, privileged]);
  const keep = (name: string, keys: Record<string, string> = {}): Promise<void> =>
    story.apply(resticSecret({ s3: cluster.s3, namespace }, { name, ...keys }));
  const proxy = await startSlowProxy(cluster.s3.endpoint, SLOW_BYTES_PER_SECOND);
  story.atEnd(async () => proxy.close());
  await Promise.all([
    keep('restic-config'),
    keep('slow', { RESTIC_REPOSITORY: `s3:${proxy.endpoint}/${cluster.s3.buckets.datamover}/restic` }),
    keep('wrong-password', { RESTIC_PASSWORD: WRONG_PASSWORD }),
    keep('wrong-key', { AWS_SECRET_ACCESS_KEY: WRONG_KEY }),
  ]);
  const using = (name: string) => ({
    resticSecret: { name },
    resticImage: cluster.images.volsyncRestic,
    rcloneImage: cluster.images.rclone,
    ...settings,
  });
  const config = await loadKubeConfig({ kubeconfig: cluster.kubeconfig });
  const client = createKubeClient(config, { fieldManager: 'conformance', maxConnections: 20 });
  return {
    subject: {
      install,
      client,
      namespace,
      config: using('restic-config'),
      ...(isCutShort && { slowConfig: using('slow') }),
      volumes: podVolumes({
        client,
        namespace,
        image: cluster.images.busybox,
        storageClassName: 'csi-test',
      }),
      unusable: [
        {
          title: 'a wrong password',
          config: using('wrong-password'),
          reasons: ['WrongPassword'],
          needsRepository: true,
        },
        { title: 'a wrong key', config: using('wrong-key'), reasons: ['PermissionDenied'] },
        { title: 'a secret that is not there', config: using('no-such-secret'), reasons: ['SecretNotFound'] },
      ],
      secretValues: [RESTIC_PASSWORD, WRONG_PASSWORD, WRONG_KEY, cluster.s3.secretKey],
      storageClassName: 'csi-test',
      snapshotsIn: async (path) => {
        const snapshots = await restic<{ id: string }[]>(cluster, path, ['snapshots']);
        return snapshots.map(({ id }) => id);
      },
    },
    close: async () => {
      await client.close();
      await story.end();
    },
  };
}
