import type { Backup } from '../../api/velero/v1.ts';
import type { ItemBlockActionHandlers } from '../../proto/gen/v1/ItemBlockAction.ts';
import type { ItemBlockAction } from '../velero/item-actions.ts';
import { appliesTo, parseOwner, pick, unary, type CallEnvironment } from './unary.ts';

/** `v1.ItemBlockAction` over the registered actions. */
export function itemBlockActionHandlers(
  actions: Readonly<Record<string, ItemBlockAction>>,
  environment: CallEnvironment,
): ItemBlockActionHandlers {
  return {
    AppliesTo: appliesTo(actions, environment),
    GetRelatedItems: unary(environment, async ({ plugin, item, backup }, context) => {
      const input = { item, backup: parseOwner(backup, 'backup') as Backup };
      return { relatedItems: await pick(actions, plugin).relatedItems(input, context) };
    }),
  };
}
