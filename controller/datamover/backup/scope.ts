import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { Logger } from '../../../telemetry/log.ts';
import type { Environment } from '../environment.ts';
import type { ChildIdentity } from '../../../lifecycle/request/child-identity.ts';
import type { Serving } from '../resolution/resolve-class.ts';
import type { TimeLimits } from '../../../lifecycle/request/time-limits.ts';

/** The scope of one pass over a DataMoverBackup. Steps read the cluster through `env` and write facts to `status`. */
export interface BackupScope {
  env: Environment;
  backup: DataMoverBackup;
  namespace: string;
  /** The draft; stored once at the end of the pass. */
  status: DataMoverBackupStatus;
  child: ChildIdentity;
  serving: Serving;
  now: Date;
  limits: TimeLimits;
  signal: AbortSignal;
  /** Rejects if the API server has a newer version of the backup than this pass has read. */
  assertCurrent: () => Promise<void>;
  log: Logger;
}
