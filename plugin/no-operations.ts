import type { BackupItemAction } from './velero/item-actions.ts';
import { PluginError } from './plugin-error.ts';

/** For a backup or restore action that is finished when `execute` returns: `{ resources, execute, ...noOperations }`. */
export const noOperations: Pick<BackupItemAction, 'progress' | 'cancel'> = {
  progress: (operationID) =>
    Promise.reject(
      new PluginError(`this action begins no operations, so there is none named ${operationID}`),
    ),
  cancel: () => Promise.resolve(),
};
