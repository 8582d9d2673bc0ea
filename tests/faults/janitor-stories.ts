import { expect } from '@jest/globals';
import { jobs } from '../../api/kubernetes/core.ts';
import { backups } from '../../api/velero/v1.ts';
import type { Key, Resource } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { backupName } from '../../api/datamover/v1alpha1/names.ts';
import { isPruneToCome } from './removal-stories.ts';
import { isFree, type Expectation } from './expectation.ts';
import type { StoryHarness } from './story-harness.ts';

/** A time so long ago that what ended then has expired. */
const LONG_AGO = '2025-12-01T00:00:00Z';

/** The other controllers serve the deletion that it requests, like any other. */
const OF_JANITOR = /^(list|create|delete) (Backup|Restore|DataMover)| DataMoverBackup /;

/**
 * Runs everything that the janitor does: it marks the backup of a failed Velero backup as failed and deletes it with its data
 * after that Velero backup is deleted; it cancels a backup that still waits; it deletes a restore and a delete that have ended
 * and are no longer needed.
 */
export async function sweep(harness: StoryHarness): Promise<Expectation> {
  const [older, failed] = harness.addRepository('old', 'failed');
  if (older === undefined || failed === undefined) throw new Error('no repository to sweep');
  await harness.addSource('data', 'precious');
  const before = harness.inventory();
  const { feed } = harness;
  const [former, ofFailed, velero] = await addRequests(harness, older, failed);
  let isGone = false;
  feed.listeners.add(() => {
    if (isGone || feed.get(dataMoverBackups, ofFailed)?.status?.veleroBackupFailed !== true) return;
    isGone = true;
    harness.beside(harness.delete(backups, velero));
  });
  const removals = () => feed.list(dataMoverDeletes);
  const isSwept = (): boolean =>
    feed.get(dataMoverDeletes, former) === undefined &&
    feed.list(dataMoverBackups).length + feed.list(dataMoverRestores).length === 0;
  return {
    counts: ({ text }) => !isSwept() && OF_JANITOR.test(text),
    isOver: () =>
      isSwept() &&
      removals().length > 0 &&
      removals().every((one) => one.status?.phase === 'Completed' && isFree(one)) &&
      isPruneToCome(harness),
    inventory: () => before,
    verify() {
      expect(harness.repositoryOf(older.repository)?.snapshots.map(({ id }) => id)).toEqual([
        older.snapshotID,
      ]);
      expect(harness.everCreated(dataMoverDeletes)).toBe(2);
      expect(harness.everCreated(jobs)).toBe(1);
    },
  };
}

type Result = ReturnType<StoryHarness['addRepository']>[number];

/**
 * Adds a request for each case. Returns the keys of a delete, of a backup that has ended, and of the Velero backup that it
 * belongs to.
 */
async function addRequests(harness: StoryHarness, older: Result, failed: Result): Promise<[Key, Key, Key]> {
  const { app } = harness;
  const former = { namespace: harness.protected, name: 'd1' };
  const daily = { namespace: harness.protected, name: 'daily' };
  const spec = { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } } as const;
  const status = { phase: 'Completed', mover: 'VolSync' };
  const { metadata } = await harness.create(backups, {
    metadata: daily,
    spec: {},
    status: { phase: 'Failed' },
  });
  const uid = metadata.uid ?? '';
  const claimUid = harness.claim({ namespace: app, name: 'data' })?.metadata.uid ?? '';
  const ofFailed = { namespace: app, name: backupName(uid, claimUid) };
  const marks = {
    labels: { [labels.veleroBackupUid]: uid },
    annotations: { [annotations.veleroBackup]: 'daily' },
  };
  await harness.create(dataMoverBackups, { metadata: { ...ofFailed, ...marks }, spec });
  await harness.setStatus(dataMoverBackups, ofFailed, { ...status, result: failed, volume: volumeIn(app) });

  const waiting = {
    namespace: app,
    name: 'waiting',
    ...ofGone(annotations.veleroBackup, labels.veleroBackupUid),
  };
  await harness.create(dataMoverBackups, { metadata: waiting, spec: { ...spec, dataMoverClass: 'missing' } });

  const restore = {
    namespace: app,
    name: 'r1',
    ...ofGone(annotations.veleroRestore, labels.veleroRestoreUid),
  };
  await harness.create(dataMoverRestores, {
    metadata: restore,
    spec: { destinationClaimRef: { name: 'restored' } },
  });
  await harness.setStatus(dataMoverRestores, restore, status);

  await harness.create(dataMoverDeletes, { metadata: former, spec: { result: older } });
  await harness.setStatus(dataMoverDeletes, former, { ...status, completionTimestamp: LONG_AGO });
  return [former, ofFailed, daily];
}

/** Returns the metadata of a request whose Velero backup or restore was deleted. */
function ofGone(annotation: string, label: string): Pick<Resource['metadata'], 'labels' | 'annotations'> {
  return { annotations: { [annotation]: 'gone' }, labels: { [label]: 'gone' } };
}

function volumeIn(namespace: string) {
  return {
    pvcName: 'data',
    namespace,
    storageClassName: 'fast',
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem' as const,
    capacity: '2Gi',
    reclaimPolicy: 'Delete',
  };
}
