import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverScope } from '../request-type.ts';

/** The scope of one pass over a DataMoverBackup. Steps read the cluster through `env` and write facts to `status`. */
export interface BackupScope extends DataMoverScope<DataMoverBackupStatus> {
  backup: DataMoverBackup;
  namespace: string;
}
