import { formatKey, keyOf } from '../../api/meta.ts';
import type { DataMoverBackup } from '../../api/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestoreSpec } from '../../api/v1alpha1/data-mover-restore.ts';

export type RestoreSource = NonNullable<DataMoverRestoreSpec['source']>;

/** What a restore needs of the record. A record without a result says why there is none, so that the restore can. */
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
    message: `DataMoverBackup ${formatKey(keyOf(record))} ${phase} when the backup ended: its data is not there`,
  };
}

/** The claim that the record is about, in its original namespace. */
export function claimNameOf(record: DataMoverBackup): string | undefined {
  const { dataSourceRef } = record.spec;
  return (
    record.status?.volume?.pvcName ??
    (dataSourceRef.kind === 'PersistentVolumeClaim' ? dataSourceRef.name : undefined)
  );
}
