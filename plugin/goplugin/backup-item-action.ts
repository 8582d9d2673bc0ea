import type { Backup } from '../../api/velero/v1.ts';
import type { BackupItemActionHandlers } from '../../proto/gen/v2/BackupItemAction.ts';
import type { BackupItemAction } from '../velero/item-actions.ts';
import { toProgressMessage } from './progress-message.ts';
import { appliesTo, parseOwner, pick, unary, type CallEnvironment } from './unary.ts';

/** `v2.BackupItemAction` over the registered actions. */
export function backupItemActionHandlers(
  actions: Readonly<Record<string, BackupItemAction>>,
  environment: CallEnvironment,
): BackupItemActionHandlers {
  const backupOf = (request: { backup: Buffer }): Backup => parseOwner(request.backup, 'backup') as Backup;
  return {
    AppliesTo: appliesTo(actions, environment),
    Execute: unary(environment, async (request, context) => {
      const action = pick(actions, request.plugin);
      const output = await action.execute({ item: request.item, backup: backupOf(request) }, context);
      // Velero treats a response without an item as an error, even if nothing changed.
      return { ...output, item: output.item ?? request.item };
    }),
    Progress: unary(environment, async (request, context) => {
      const action = pick(actions, request.plugin);
      const progress = await action.progress(request.operationID, backupOf(request), context);
      return { progress: toProgressMessage(progress) };
    }),
    Cancel: unary(environment, async (request, context) => {
      await pick(actions, request.plugin).cancel(request.operationID, backupOf(request), context);
      return {};
    }),
  };
}
