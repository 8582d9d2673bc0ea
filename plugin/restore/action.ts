import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import type { RestoreItemAction } from '../velero/item-actions.ts';
import { createClaimRestore } from './claim.ts';
import { parseItem } from '../velero/item.ts';
import { markOf } from '../velero/moved-mark.ts';
import { createRequestOperations } from '../requests/operations.ts';
import { MARKED_RESOURCES } from '../velero/constants.ts';
import { restoreWaitingClaim } from './waiting-claim.ts';

/** `oadp.openshift.io/data-mover-restore`: creates requests for the data of moved claims. */
export function createRestoreAction(cluster: ClusterReader): RestoreItemAction {
  const claim = createClaimRestore(cluster);
  const operations = createRequestOperations(cluster, dataMoverRestores, 'downloading');
  return {
    resources: MARKED_RESOURCES,
    async execute(input, context) {
      // Other actions may have removed the mark from the item; the backup still contains it.
      const movedBy = markOf(input.item) ?? markOf(input.itemFromBackup);
      if (movedBy === undefined) return (await restoreWaitingClaim(cluster, input, context)) ?? {};
      const object = parseItem(input.item);
      if (object.kind !== 'PersistentVolumeClaim') {
        // Its storage may have been deleted or reused; the claim gets a volume with the data, or an error.
        context.log.debug(
          { kind: object.kind, name: object.metadata.name },
          'it refers to moved data and is not restored; the claim gets a new volume',
        );
        return { skipRestore: true };
      }
      return claim({ pvc: object as PersistentVolumeClaim, movedBy, ...input }, context);
    },
    progress: (operationID, restore) => operations.progress(operationID, restore),
    cancel: (operationID, _restore, context) => operations.cancel(operationID, context),
  };
}
