/**
 * A plugin for Velero: you supply the actions, this package implements Velero's protocol.
 *
 * @packageDocumentation
 */
export { startVeleroPlugin } from './start-velero-plugin.ts';
export type { VeleroPluginOptions } from './start-velero-plugin.ts';
export type { Actions } from './goplugin/actions.ts';
export type {
  BackupItemAction,
  BackupItemInput,
  BackupItemOutput,
  CallContext,
  DeleteItemAction,
  ItemBlockAction,
  OperationProgress,
  ResourceIdentifier,
  RestoreItemAction,
  RestoreItemInput,
  RestoreItemOutput,
} from './velero/item-actions.ts';
export { noOperations } from './no-operations.ts';
export { editItem, parseItem, removeKeys } from './velero/item.ts';
export type { ItemParts } from './velero/item.ts';
export type { LosslessObject } from './codec/lossless-json.ts';
export { PluginError } from './plugin-error.ts';
export type { Backup, Restore } from '../api/velero/v1.ts';
export type { Logger, LogFields, LogLine } from '../telemetry/log.ts';
