import { createBackupAction } from './backup/action.ts';
import { createBlockAction } from './block/action.ts';
import { createDeleteAction } from './delete/action.ts';
import { createRecordAction } from './restore/record-action.ts';
import { createRestoreAction } from './restore/action.ts';
import type { ClusterReader } from './cluster-reader.ts';
import type { Actions } from './goplugin/actions.ts';

/** The names of the actions in Velero. A name must not change, because stored operations refer to it. */
export const actionNames = {
  backup: 'oadp.openshift.io/data-mover-backup',
  restore: 'oadp.openshift.io/data-mover-restore',
  record: 'oadp.openshift.io/data-mover-record',
  delete: 'oadp.openshift.io/data-mover-delete',
  block: 'oadp.openshift.io/data-mover-block',
} as const;

export function registeredActions(options: { cluster: ClusterReader; csiEnabled: boolean }): Actions {
  return {
    backupItemActions: { [actionNames.backup]: createBackupAction(options) },
    restoreItemActions: {
      [actionNames.restore]: createRestoreAction(options.cluster),
      [actionNames.record]: createRecordAction(options.cluster),
    },
    deleteItemActions: { [actionNames.delete]: createDeleteAction(options.cluster) },
    itemBlockActions: { [actionNames.block]: createBlockAction(options.cluster) },
  };
}
