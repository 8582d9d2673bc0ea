import { formatKey, keyOf } from '../../kubernetes/meta.ts';
import type { DataMoverBackup } from './data-mover-backup.ts';
import type { DataMoverRestoreSpec } from './data-mover-restore.ts';

export type RestoreSource = NonNullable<DataMoverRestoreSpec['source']>;

/** Returns the parts of a record that a restore needs. Without a result it contains the failure, so the restore can report it. */
export function restoreSourceOf(record: DataMoverBackup): RestoreSource {
  const { metadata, spec, status = {} } = record;
  const { result, volume } = status;
  const dataMoverClass = status.dataMoverClass ?? spec.dataMoverClass;
  return {
    backupName: metadata.name,
    ...(metadata.namespace === undefined ? {} : { backupNamespace: metadata.namespace }),
    ...(dataMoverClass === undefined ? {} : { dataMoverClass }),
    ...(status.phase === 'Completed' && result !== undefined ? { result } : { failure: failureOf(record) }),
    ...(volume === undefined ? {} : { volume }),
  };
}

function failureOf(record: DataMoverBackup): NonNullable<RestoreSource['failure']> {
  const { status } = record;
  if (status?.failure !== undefined) return status.failure;
  const phase = status?.phase === undefined ? 'had not begun' : `was ${status.phase}`;
  return {
    reason: 'BackupNotCompleted',
    message: `DataMoverBackup ${formatKey(keyOf(record))} ${phase} when the Velero backup ended, so it has no data`,
  };
}
