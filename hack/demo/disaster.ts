import { APP, deleteApp } from './app.ts';
import { setUpDataMover } from './setup.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { DemoMover } from './config.ts';
import type { Cluster } from '../cluster/index.ts';
import type { Progress } from '../cluster/progress.ts';

const GONE_TIMEOUT_MS = 60_000;
const SYNC_TIMEOUT_MS = 120_000;

/** Deletes the application with its volume and its snapshots; the rest of the cluster keeps running. */
export async function loseNamespace(cluster: Cluster, progress: Progress): Promise<void> {
  await progress.step('the disaster: the namespace is deleted', () => deleteApp(cluster));
  await progress.step('its volume and its snapshots are deleted', () =>
    waitUntil(
      'the deletion of the volume and the snapshots',
      async () => (await traces(cluster)).length === 0,
      {
        timeoutMs: GONE_TIMEOUT_MS,
        intervalMs: 500,
      },
    ),
  );
}

/**
 * Deletes the whole cluster, creates a new one, applies what its user keeps outside it, and waits until Velero finds the backup.
 */
export async function loseCluster(
  cluster: Cluster,
  successor: Cluster,
  progress: Progress,
  { backup, mover }: { backup: string; mover: DemoMover },
): Promise<void> {
  progress.line('the disaster: the whole cluster is lost, only the object store remains');
  await cluster.wipe(progress);
  progress.line('a fresh cluster');
  await successor.up(progress);
  await progress.step("the user's secret, class and switch", () => setUpDataMover(successor, mover));
  await progress.step('Velero finds the backup in the bucket', () =>
    waitUntil(`backup ${backup}`, () => isKnown(successor, backup), {
      timeoutMs: SYNC_TIMEOUT_MS,
      intervalMs: 500,
    }),
  );
}

/** Returns the names of volumes and snapshot contents that still hold data of the application. */
async function traces(cluster: Cluster): Promise<string[]> {
  const template = [
    '{range .items[*]}{.kind}/{.metadata.name}{" "}',
    '{.spec.claimRef.namespace}{.spec.volumeSnapshotRef.namespace}{"\\n"}{end}',
  ].join('');
  const kinds = 'persistentvolumes,volumesnapshotcontents.snapshot.storage.k8s.io';
  const printed = await cluster.kubectl(['get', kinds, '-o', `jsonpath=${template}`]);
  return printed.split('\n').filter((line) => line.endsWith(` ${APP.namespace}`));
}

async function isKnown(cluster: Cluster, backup: string): Promise<boolean> {
  const path = [
    '-n',
    cluster.namespace,
    'get',
    `backups.velero.io/${backup}`,
    '-o',
    'jsonpath={.status.phase}',
  ];
  return (await cluster.kubectl(path)).trim() === 'Completed';
}
