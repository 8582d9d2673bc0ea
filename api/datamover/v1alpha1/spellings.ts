import type { DataMoverBackup, WrittenBackupSpec } from './data-mover-backup.ts';
import type { DataMoverRestore, WrittenRestoreSpec } from './data-mover-restore.ts';

/**
 * The published design spells two things in another way. The API server accepts both spellings. Whoever reads an object from
 * outside passes it through here, so that the rest of the code sees one.
 */

/** Replaces kind `PVC` of the source by `PersistentVolumeClaim`. */
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
