import type { DataMoverBackup } from './data-mover-backup.ts';

/** The claim that a request or a record is about, in its namespace; `undefined` for a snapshot that was never captured. */
export function claimNameOf(record: DataMoverBackup): string | undefined {
  const { dataSourceRef } = record.spec;
  return (
    record.status?.volume?.pvcName ??
    (dataSourceRef.kind === 'PersistentVolumeClaim' ? dataSourceRef.name : undefined)
  );
}
