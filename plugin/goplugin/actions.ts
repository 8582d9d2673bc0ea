import type { BackupItemAction, RestoreItemAction } from '../actions/action.ts';

/** Everything one executable offers, by registered name (`domain/name`). */
export interface Actions {
  backupItemActions: Readonly<Record<string, BackupItemAction>>;
  restoreItemActions: Readonly<Record<string, RestoreItemAction>>;
}
