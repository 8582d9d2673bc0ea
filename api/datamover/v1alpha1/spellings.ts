import type { DataMoverBackup, WrittenBackupSpec, WrittenBackupStatus } from './data-mover-backup.ts';
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

/** `saved` is now `unverifiedResult`, `strays` is `orphanedSnapshots`. */
function presentBackupStatus(written: WrittenBackupStatus | undefined): DataMoverBackup['status'] {
  if (written?.saved === undefined && written?.strays === undefined) return written;
  const { saved, strays, ...status } = written;
  return {
    ...status,
    ...(saved !== undefined && { unverifiedResult: status.unverifiedResult ?? saved }),
    ...(strays !== undefined && {
      orphanedSnapshots: [...new Set([...(status.orphanedSnapshots ?? []), ...strays])],
    }),
  };
}

/** The outcome `PutBack` is now `RolledBack`. */
function presentRestoreStatus(written: WrittenRestoreStatus | undefined): DataMoverRestore['status'] {
  const { replaces } = written ?? {};
  if (replaces?.outcome !== 'PutBack') return written as DataMoverRestore['status'];
  return { ...written, replaces: { ...replaces, outcome: 'RolledBack' } };
}
