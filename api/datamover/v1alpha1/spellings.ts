import type { DataMoverBackup, WrittenBackupSpec } from './data-mover-backup.ts';
import type { DataMoverRestore, WrittenRestoreSpec } from './data-mover-restore.ts';

/**
 * The published design has two other spellings, and the API server accepts both. Convert every object that is read from
 * outside, so the rest of the code sees only one spelling.
 */

/** Replaces the source kind `PVC` by `PersistentVolumeClaim`. */
export function readBackup(written: DataMoverBackup): DataMoverBackup {
  const { dataSourceRef } = written.spec as WrittenBackupSpec;
  if (dataSourceRef.kind !== 'PVC') return written;
  return {
    ...written,
    spec: { ...written.spec, dataSourceRef: { ...dataSourceRef, kind: 'PersistentVolumeClaim' } },
  };
}

/** Replaces `DataMoverClass` by `dataMoverClass`. */
export function readRestore(written: DataMoverRestore): DataMoverRestore {
  const { DataMoverClass, ...spec } = written.spec as WrittenRestoreSpec;
  if (DataMoverClass === undefined) return written;
  return { ...written, spec: { ...spec, dataMoverClass: spec.dataMoverClass ?? DataMoverClass } };
}
