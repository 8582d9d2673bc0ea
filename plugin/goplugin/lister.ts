import type { PluginListerHandlers } from '../../proto/gen/generated/PluginLister.ts';
import type { Actions } from './actions.ts';

/**
 * Lists the actions of this executable. Velero will start `command` from now on, so it must be the path by which Velero started
 * this process.
 */
export function listerHandlers(command: string, actions: Actions): PluginListerHandlers {
  const plugins = [
    ...names('BackupItemActionV2', actions.backupItemActions),
    ...names('RestoreItemActionV2', actions.restoreItemActions),
    ...names('DeleteItemAction', actions.deleteItemActions),
    ...names('ItemBlockAction', actions.itemBlockActions),
  ].map((plugin) => ({ command, ...plugin }));
  return {
    ListPlugins(_call, callback) {
      callback(null, { plugins });
    },
  };
}

function names(kind: string, actions: Readonly<Record<string, unknown>>): { kind: string; name: string }[] {
  return Object.keys(actions).map((name) => ({ kind, name }));
}
