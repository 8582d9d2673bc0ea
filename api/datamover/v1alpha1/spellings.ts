import type { DataMoverBackup, WrittenBackupSpec, WrittenBackupStatus } from './data-mover-backup.ts';
import { MOST_SNAPSHOTS } from './orphaned-snapshots.ts';
import type { DataMoverRestore, WrittenRestoreSpec, WrittenRestoreStatus } from './data-mover-restore.ts';

/**
 * The API server accepts two spellings of the published design and the former names of renamed status fields. Convert every
 * object that is read from outside, so the rest of the code sees only the present names.
 */

/** Replaces the source kind `PVC` by `PersistentVolumeClaim`, and the former names in the status. */
export function readBackup(written: DataMoverBackup): DataMoverBackup {
  const { dataSourceRef } = written.spec as WrittenBackupSpec;
  const status = presentBackupStatus(written.status);
  if (dataSourceRef.kind !== 'PVC' && status === written.status) return written;
  return {
    ...written,
    ...(dataSourceRef.kind === 'PVC' && {
      spec: { ...written.spec, dataSourceRef: { ...dataSourceRef, kind: 'PersistentVolumeClaim' } },
    }),
    ...(status !== undefined && { status }),
  };
}

/** Replaces `DataMoverClass` by `dataMoverClass`, and the former names in the status. */
export function readRestore(written: DataMoverRestore): DataMoverRestore {
  const { DataMoverClass, ...spec } = written.spec as WrittenRestoreSpec;
  const status = presentRestoreStatus(written.status);
  if (DataMoverClass === undefined && status === written.status) return written;
  return {
    ...written,
    ...(DataMoverClass !== undefined && {
      spec: { ...spec, dataMoverClass: spec.dataMoverClass ?? DataMoverClass },
    }),
    ...(status !== undefined && { status }),
  };
}

/**
 * `saved` is now `unverifiedResult`, `strays` is `orphanedSnapshots`. If both names exist, a controller of a former version wrote
 * last, because this one drops the former names.
 */
function presentBackupStatus(written: WrittenBackupStatus | undefined): DataMoverBackup['status'] {
  if (written?.saved === undefined && written?.strays === undefined) return written;
  const { saved, strays = [], ...status } = written;
  const { unverifiedResult: older, orphanedSnapshots = [] } = status;
  const orphans = [...strays, ...orphanedSnapshots, ...replacedBy(saved, older)];
  return {
    ...status,
    ...(saved !== undefined && { unverifiedResult: saved }),
    ...(orphans.length > 0 && { orphanedSnapshots: [...new Set(orphans)].slice(0, MOST_SNAPSHOTS) }),
  };
}

type Result = NonNullable<WrittenBackupStatus['saved']>;

/** Returns the snapshot of a result that a newer one replaces. */
function replacedBy(newer: Result | undefined, older: Result | undefined): string[] {
  const id = older?.snapshotID;
  return newer === undefined || id === undefined || id === newer.snapshotID ? [] : [id];
}

/** The outcome `PutBack` is now `RolledBack`. */
function presentRestoreStatus(written: WrittenRestoreStatus | undefined): DataMoverRestore['status'] {
  const { replaces } = written ?? {};
  if (replaces?.outcome !== 'PutBack') return written as DataMoverRestore['status'];
  return { ...written, replaces: { ...replaces, outcome: 'RolledBack' } };
}
