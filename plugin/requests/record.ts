import type { Restore } from '../../api/velero/v1.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { labelValue } from '../../api/kubernetes/names.ts';

/**
 * Returns true if the DataMoverBackup belongs to the Velero backup of that name. Records of other backups exist in the same
 * namespace, and may be in the same tarball. The label contains a short form of a long name, the annotation the full name.
 */
export function isRecordOf(record: DataMoverBackup, veleroBackup: string | undefined): boolean {
  if (veleroBackup === undefined) return false;
  const { labels: own = {}, annotations: texts = {} } = record.metadata;
  const full = texts[annotations.veleroBackup];
  if (full !== undefined && full !== veleroBackup) return false;
  return own[labels.veleroBackupName] === labelValue(veleroBackup);
}

export function isRecordOfRestore(record: DataMoverBackup, restore: Restore): boolean {
  return isRecordOf(record, restore.spec.backupName);
}
