import type { PersistentVolumeClaim } from '../../api/external/core.ts';
import { annotations } from '../../api/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/v1alpha1/kinds.ts';
import type { Cluster } from '../cluster.ts';
import type { RestoreItemAction, RestoreItemInput } from './action.ts';
import { createClaimRestore } from './claim-restore.ts';
import { parseItem } from './item.ts';
import { createRequestOperations } from './request-operations.ts';

/** `oadp.openshift.io/data-mover-restore`: asks for the data of moved claims to be brought back. */
export function createRestoreAction(cluster: Cluster): RestoreItemAction {
  const claim = createClaimRestore(cluster);
  const operations = createRequestOperations(cluster, dataMoverRestores, 'downloading');
  return {
    resources: ['persistentvolumeclaims', 'persistentvolumes'],
    async execute(input, context) {
      const movedBy = movedByOf(input);
      if (movedBy === undefined) return {};
      const object = parseItem(input.item);
      if (object.kind === 'PersistentVolume') {
        // Its storage may be gone or belong to somebody else; the claim gets a volume with the data, or an error.
        context.log.debug(
          { name: object.metadata.name },
          'a moved volume is not restored, its claim gets a new one',
        );
        return { skipRestore: true };
      }
      return claim({ pvc: object as PersistentVolumeClaim, movedBy, ...input }, context);
    },
    progress: (operationID, restore) => operations.progress(operationID, restore),
    cancel: (operationID, _restore, context) => operations.cancel(operationID, context),
  };
}

/** Other actions may have dropped the mark from the item; the backup still has it. */
function movedByOf({ item, itemFromBackup }: RestoreItemInput): string | undefined {
  for (const bytes of [item, itemFromBackup]) {
    if (!bytes.includes(annotations.movedBy)) continue;
    const value = parseItem(bytes).metadata.annotations?.[annotations.movedBy];
    if (value !== undefined) return value;
  }
  return undefined;
}
