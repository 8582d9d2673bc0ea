import type { DataMoverBackup } from '../../api/v1alpha1/data-mover-backup.ts';

/** The claim that the record is about, in its original namespace. */
export function claimNameOf(record: DataMoverBackup): string | undefined {
  const { dataSourceRef } = record.spec;
  return (
    record.status?.volume?.pvcName ??
    (dataSourceRef.kind === 'PersistentVolumeClaim' ? dataSourceRef.name : undefined)
  );
}
