import type {
  BackupItemAction,
  DeleteItemAction,
  ItemBlockAction,
  RestoreItemAction,
} from '../velero/item-actions.ts';

/** All actions of one executable, by registered name (`domain/name`). */
export interface Actions {
  backupItemActions: Readonly<Record<string, BackupItemAction>>;
  restoreItemActions: Readonly<Record<string, RestoreItemAction>>;
  deleteItemActions: Readonly<Record<string, DeleteItemAction>>;
  itemBlockActions: Readonly<Record<string, ItemBlockAction>>;
}
