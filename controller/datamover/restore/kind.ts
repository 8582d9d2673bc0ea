import { keyOf, type Key, type Resource } from '../../../api/kubernetes/meta.ts';
import { dataMoverRestores } from '../../../api/datamover/v1alpha1/kinds.ts';
import { readRestore } from '../../../api/datamover/v1alpha1/spellings.ts';
import { isFinal } from '../../../lifecycle/request-status.ts';
import { enqueueAll } from '../enqueue-all.ts';
import type { Informers } from '../environment.ts';
import { sweepRestores } from '../janitor/owned-restores.ts';
import type { RequestKindDescriptor } from '../request-kind.ts';
import { restoreRequest } from './restore.ts';

/** Index of unfinished restores by `namespace/name` of the destination claim. */
const DESTINATION_INDEX = 'destination';

export const restoreKind: RequestKindDescriptor<'restore'> = {
  kind: dataMoverRestores,
  isProtected: false,
  cache: {
    transform: readRestore,
    indexers: {
      [DESTINATION_INDEX]: ({ metadata, spec, status }) =>
        isFinal(status?.phase) ? [] : [`${metadata.namespace ?? ''}/${spec.destinationClaimRef.name}`],
    },
  },
  perClass: ({ restores }) => restores,
  perNode: ({ restoresPerNode }) => restoresPerNode,
  create: restoreRequest,
  sweep: sweepRestores,
  watch(informers, controller) {
    const enqueueInto = (claim: Key): void => enqueueAll(controller, restoresInto(informers, claim));
    // A restore waits until its destination claim is created, bound, or deleted.
    informers.claims.onChange((before, after) => {
      const claim = after ?? before;
      if (claim !== undefined) enqueueInto(keyOf(claim));
    });
    informers.volumes.onChange((before, after) => {
      const { namespace, name = '' } = (after ?? before)?.spec.claimRef ?? {};
      if (namespace !== undefined) enqueueInto({ namespace, name });
    });
    // A restore without a record waits for a short time for the completed backup of its claim.
    informers.backups.onChange((before, after) => {
      if (after === undefined || !isCompleted(after) || isCompleted(before)) return;
      const { namespace = '' } = after.metadata;
      enqueueInto({ namespace, name: after.status?.volume?.pvcName ?? '' });
    });
  },
};

function isCompleted(backup: { status?: { phase?: string | undefined } } | undefined): boolean {
  return backup?.status?.phase === 'Completed';
}

/** Returns the unfinished restores into a claim. */
function restoresInto({ restores }: Informers, claim: Key): Resource[] {
  return restores.store.byIndex(DESTINATION_INDEX, `${claim.namespace ?? ''}/${claim.name}`);
}
