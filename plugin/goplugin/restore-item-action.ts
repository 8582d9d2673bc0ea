import type { Restore } from '../../api/velero/v1.ts';
import type { RestoreItemActionHandlers } from '../../proto/gen/v2/RestoreItemAction.ts';
import type { RestoreItemAction } from '../velero/item-actions.ts';
import { toProgressMessage } from './progress-message.ts';
import { appliesTo, parseOwner, pick, unary, type CallEnvironment } from './unary.ts';

/** `v2.RestoreItemAction` over the registered actions. */
export function restoreItemActionHandlers(
  actions: Readonly<Record<string, RestoreItemAction>>,
  environment: CallEnvironment,
): RestoreItemActionHandlers {
  const restoreOf = (request: { restore: Buffer }): Restore =>
    parseOwner(request.restore, 'restore') as Restore;
  return {
    AppliesTo: appliesTo(actions, environment),
    Execute: unary(environment, async (request, context) => {
      const { plugin, item, itemFromBackup } = request;
      const input = { item, itemFromBackup, restore: restoreOf(request) };
      const output = await pick(actions, plugin).execute(input, context);
      return { ...output, item: output.item ?? item };
    }),
    Progress: unary(environment, async (request, context) => {
      const action = pick(actions, request.plugin);
      const progress = await action.progress(request.operationID, restoreOf(request), context);
      return { progress: toProgressMessage(progress) };
    }),
    Cancel: unary(environment, async (request, context) => {
      await pick(actions, request.plugin).cancel(request.operationID, restoreOf(request), context);
      return {};
    }),
    // No action here makes an item wait for its additional items.
    AreAdditionalItemsReady: unary(environment, ({ plugin }) => {
      pick(actions, plugin);
      return { ready: true };
    }),
  };
}
