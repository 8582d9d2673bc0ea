import type { Backup, Restore } from '../../api/velero/v1.ts';
import type { Logger } from '../../telemetry/log.ts';

/** Velero's plugin actions for the rest of this program: plain functions, independent of gRPC. */

/** The context of every call. */
export interface CallContext {
  /** Logs into the log of the backup or restore that the call belongs to. */
  log: Logger;
  /** Aborted when Velero gives up the call. */
  signal: AbortSignal;
}

/** Identifies an object; `resource` is the plural without group. */
export interface ResourceIdentifier {
  group: string;
  resource: string;
  namespace: string;
  name: string;
}

/** Progress of an asynchronous operation. Velero polls it; a result with `completed` is final. */
export interface OperationProgress {
  completed: boolean;
  /** Reason of the failure. With `completed`, empty means success. */
  error: string;
  bytesDone: number;
  bytesTotal: number;
  /** For users: shown by `velero backup describe --details`. */
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
  /** JSON of the item to store. If absent, the item is stored as it was sent, byte for byte. */
  item?: Buffer;
  additionalItems?: ResourceIdentifier[];
  /** Present if the work continues after the call; Velero then polls `progress` with it. */
  operationID?: string;
  /** Fetched and stored again after the operation has ended. */
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
  /** The item as stored in the backup. */
  itemFromBackup: Buffer;
  restore: Restore;
}

export interface RestoreItemOutput {
  item?: Buffer;
  /** Restored after this call and before the item. They must be in the backup. */
  additionalItems?: ResourceIdentifier[];
  /** If true, the item is not created. */
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
  /** `item` is as stored in the backup, which is about to be deleted. */
  execute(input: BackupItemInput, context: CallContext): Promise<void>;
}

export interface ItemBlockAction {
  readonly resources: readonly string[];
  /** Returns the objects that are backed up together with the item, between the same hooks. */
  relatedItems(input: BackupItemInput, context: CallContext): Promise<ResourceIdentifier[]>;
}
