import type { DataMoverBackup } from './data-mover-backup.ts';

/** Returns the name of the claim of a request or record, in its namespace; `undefined` for a snapshot that was never captured. */
export function claimNameOf(record: DataMoverBackup): string | undefined {
  const { dataSourceRef } = record.spec;
  return (
    record.status?.volume?.pvcName ??
    (dataSourceRef.kind === 'PersistentVolumeClaim' ? dataSourceRef.name : undefined)
  );
}
