import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { apiVersionOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { leftoversOf } from './support/leftovers.ts';
import { isStored, snapshotsIn } from './support/snapshots.ts';
import { openStory, type Story } from './support/story.ts';
import { until } from './support/wait.ts';

/** A snapshot that a user has taken, identified by its content, as storage administrators do. */
describe('a backup of a VolumeSnapshotContent', () => {
  let story: Story;
  let namespace: string;
  let content: string;
  let backup: DataMoverBackup;
  let foreign: DataMoverBackup;
  let restored: DataMoverRestore;
  let read: string;

  const isOver = ({ status }: { status?: { completionTimestamp?: string | undefined } }): boolean =>
    status?.completionTimestamp !== undefined;

  const backUp = async (where: string): Promise<DataMoverBackup> => {
    const key = { namespace: where, name: 'from-content' };
    const dataSourceRef = {
      apiGroup: 'snapshot.storage.k8s.io',
      kind: 'VolumeSnapshotContent' as const,
      name: content,
    };
    await story.apply({
      apiVersion: apiVersionOf(dataMoverBackups),
      kind: dataMoverBackups.kind,
      metadata: key,
      spec: { dataSourceRef },
    });
    return until(story.kube, dataMoverBackups, key, { to: 'to end', when: isOver });
  };

  const takeSnapshot = async (): Promise<void> => {
    const key = { namespace, name: 'own' };
    await story.apply({
      apiVersion: apiVersionOf(volumeSnapshots),
      kind: volumeSnapshots.kind,
      metadata: key,
      spec: { source: { persistentVolumeClaimName: 'data' } },
    });
    const { status } = await until(story.kube, volumeSnapshots, key, {
      to: 'to be ready',
      when: (snapshot) => snapshot.status?.readyToUse === true,
    });
    content = status!.boundVolumeSnapshotContentName!;
  };

  const bringBack = async (): Promise<DataMoverRestore> => {
    const key = { namespace, name: 'copy' };
    await story.apply(
      // No volume is provisioned for it before it has a pod, so it waits for the restore.
      claim(key, { storageClassName: 'csi-test-wffc' }),
      {
        apiVersion: apiVersionOf(dataMoverRestores),
        kind: dataMoverRestores.kind,
        metadata: key,
        spec: {
          destinationClaimRef: { name: key.name },
          source: {
            backupName: backup.metadata.name,
            backupNamespace: namespace,
            result: backup.status!.result,
          },
        },
      },
    );
    return until(story.kube, dataMoverRestores, key, { to: 'to end', when: isOver });
  };

  beforeAll(async () => {
    story = await openStory('content');
    namespace = await story.makeNamespace('app');
    const [app, reader] = ['app', 'reader'].map((name) => ({ namespace, name })) as [Place, Place];
    await story.apply(
      claim({ namespace, name: 'data' }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, 'echo at that time > /data/file; sync');
    await takeSnapshot();
    await story.exec(app, 'echo later > /data/file');
    const elsewhere = await story.makeNamespace('elsewhere');
    [backup, foreign] = await Promise.all([backUp(namespace), backUp(elsewhere)]);
    restored = await bringBack();
    await story.apply(pod(reader, story.cluster.images.busybox, { mounts: { '/data': 'copy' } }));
    await untilRunning(story, reader);
    read = (await story.exec(reader, 'cat /data/file')).toString();
  });

  afterAll(() => story.end());

  it('saves the data that the volume contained when the snapshot was taken', () => {
    expect(backup.status).toMatchObject({
      phase: 'Completed',
      volume: { pvcName: 'data' },
      result: { consistency: 'PointInTime' },
    });
    expect(restored.status).toMatchObject({ phase: 'Completed' });
    expect(read).toBe('at that time\n');
  });

  it('leaves the snapshot to its user, and nothing else behind', async () => {
    const { capture } = backup.status!;
    expect(capture).toMatchObject({ owned: false, volumeSnapshot: 'own' });
    expect(isStored(story.cluster, capture!.snapshotHandle!)).toBe(true);
    const { snapshots, contents } = await snapshotsIn(story, namespace);
    expect(snapshots.map(({ metadata }) => metadata.name)).toEqual(['own']);
    expect(contents.map(({ metadata }) => metadata.name)).toEqual([content]);
    expect(await leftoversOf(story, [backup, foreign, restored])).toEqual([]);
  });

  it('is refused in every other namespace', () => {
    expect(foreign.status).toMatchObject({ phase: 'Failed', failure: { reason: 'Forbidden' } });
    expect(foreign.status?.failure?.message).toContain(
      `VolumeSnapshotContent ${content} does not belong to a VolumeSnapshot of namespace`,
    );
  });
});
