import type { Backup } from '../../api/velero/v1.ts';
import type { DeleteItemActionHandlers } from '../../proto/gen/generated/DeleteItemAction.ts';
import type { DeleteItemAction } from '../velero/item-actions.ts';
import { appliesTo, parseOwner, pick, unary, type CallEnvironment } from './unary.ts';

/** `generated.DeleteItemAction` over the registered actions. */
export function deleteItemActionHandlers(
  actions: Readonly<Record<string, DeleteItemAction>>,
  environment: CallEnvironment,
): DeleteItemActionHandlers {
  return {
    AppliesTo: appliesTo(actions, environment),
    Execute: unary(environment, async ({ plugin, item, backup }, context) => {
      const input = { item, backup: parseOwner(backup, 'backup') as Backup };
      await pick(actions, plugin).execute(input, context);
      return {};
    }),
  };
}
