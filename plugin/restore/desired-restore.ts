import type { Restore } from '../../api/velero/v1.ts';
import { apiVersionOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import type { ExistingClaimPolicy } from '../../api/datamover/v1alpha1/existing-claim-policies.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { restoreName } from '../../api/datamover/v1alpha1/names.ts';
import { labelValue, shortHash } from '../../api/kubernetes/names.ts';
import { ownLabels } from '../../api/common/own-labels.ts';
import { formatTraceParent, traceParentOf } from '../../api/kubernetes/traceparent.ts';
import { PluginError } from '../plugin-error.ts';

/** A claim in the namespace into which it is restored. */
export interface Target {
  namespace: string;
  name: string;
}

/** Returns the key of the request for one target in one restore, whether it exists or not. */
export function restoreKey(restore: Restore, target: Target): { namespace: string; name: string } {
  const name = restoreName(uidOf(restore), target.namespace, target.name);
  return { namespace: target.namespace, name };
}

export interface RestoreDetails {
  /** `namespace/name` of the DataMoverBackup with the record of the data. */
  movedBy: string;
  /** The content of the record, if already known. */
  source?: DataMoverRestore['spec']['source'];
  /** Set for a claim that already exists. */
  existingClaimPolicy?: ExistingClaimPolicy | undefined;
}

/**
 * Returns the request to restore the data of one claim. Without a source it waits for the record of the backup, which Velero
 * restores right after the claim.
 */
export function desiredRestore(
  restore: Restore,
  target: Target,
  { movedBy, source, existingClaimPolicy }: RestoreDetails,
): DataMoverRestore {
  const backup = restore.spec.backupName;
  const key = restoreKey(restore, target);
  return {
    apiVersion: apiVersionOf(dataMoverRestores),
    kind: dataMoverRestores.kind,
    metadata: {
      ...key,
      labels: ownLabels({
        [labels.veleroRestoreName]: labelValue(restore.metadata.name),
        [labels.veleroRestoreUid]: uidOf(restore),
        [labels.movedBy]: shortHash(movedBy),
        ...(backup === undefined ? {} : { [labels.veleroBackupName]: labelValue(backup) }),
      }),
      annotations: {
        [annotations.veleroRestore]: restore.metadata.name,
        [annotations.movedBy]: movedBy,
        // One trace for all claims of a restore.
        [annotations.traceparent]: formatTraceParent(traceParentOf(uidOf(restore), key.name)),
      },
    },
    spec: {
      ...(restore.metadata.namespace !== undefined && { installation: restore.metadata.namespace }),
      destinationClaimRef: { name: target.name, namespace: target.namespace },
      ...(source === undefined ? {} : { source }),
      ...(existingClaimPolicy === undefined ? {} : { existingClaimPolicy }),
    },
  };
}

function uidOf(restore: Restore): string {
  const { uid } = restore.metadata;
  if (uid === undefined) throw new PluginError(`Restore ${restore.metadata.name} has no metadata.uid`);
  return uid;
}
