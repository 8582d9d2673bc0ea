import type { Backup, Restore } from '../../api/velero/v1.ts';
import type { Logger } from '../../telemetry/log.ts';

/** What Velero's plugin actions are to the rest of this program: plain functions, no wire. */

/** What every call gets. */
export interface CallContext {
  /** Logs into the log of the backup or restore that the call belongs to. */
  log: Logger;
  /** Fires when Velero gave the call up. */
  signal: AbortSignal;
}

/** An object by its place; `resource` is the plural without group. */
export interface ResourceIdentifier {
  group: string;
  resource: string;
  namespace: string;
  name: string;
}

/** How far an asynchronous operation is. Velero polls it; an answer with `completed` is final. */
export interface OperationProgress {
  completed: boolean;
  /** Why it failed. With `completed`, empty means success. */
  error: string;
  bytesDone: number;
  bytesTotal: number;
  /** For people: shown by `velero backup describe --details`. */
  description: string;
  started: Date;
  updated: Date;
}

export interface BackupItemInput {
  /** The item's JSON as Velero sent it. */
  item: Buffer;
  backup: Backup;
}

export interface BackupItemOutput {
  /** JSON of the item to store. Absent: as it came, byte for byte. */
  item?: Buffer;
  additionalItems?: ResourceIdentifier[];
  /** Present when the work goes on after the call; then `progress` is asked about it. */
  operationID?: string;
  /** Fetched and stored once more when the operation has ended. */
  postOperationItems?: ResourceIdentifier[];
}

export interface BackupItemAction {
  /** Fully qualified plurals: `persistentvolumeclaims`, `things.example.com`. */
  readonly resources: readonly string[];
  execute(input: BackupItemInput, context: CallContext): Promise<BackupItemOutput>;
  progress(operationID: string, backup: Backup, context: CallContext): Promise<OperationProgress>;
  cancel(operationID: string, backup: Backup, context: CallContext): Promise<void>;
}

export interface RestoreItemInput {
  /** Without identity and status, in its original namespace, changed by the actions before this one. */
  item: Buffer;
  /** As it lies in the backup. */
  itemFromBackup: Buffer;
  restore: Restore;
}

export interface RestoreItemOutput {
  item?: Buffer;
  /** Restored now, after this call and before the item. They must be in the backup. */
  additionalItems?: ResourceIdentifier[];
  /** The item is not created. */
  skipRestore?: boolean;
  operationID?: string;
}

export interface RestoreItemAction {
  readonly resources: readonly string[];
  execute(input: RestoreItemInput, context: CallContext): Promise<RestoreItemOutput>;
  progress(operationID: string, restore: Restore, context: CallContext): Promise<OperationProgress>;
  cancel(operationID: string, restore: Restore, context: CallContext): Promise<void>;
}

export interface DeleteItemAction {
  readonly resources: readonly string[];
  /** `item` is as it lies in the backup, which is about to go. */
  execute(input: BackupItemInput, context: CallContext): Promise<void>;
}

export interface ItemBlockAction {
  readonly resources: readonly string[];
  /** What is backed up together with the item, between the same hooks. */
  relatedItems(input: BackupItemInput, context: CallContext): Promise<ResourceIdentifier[]>;
}
