import type { PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import {
  isBeingDeleted,
  isOpenTo,
  resolvePinned,
  resolveClass,
} from '../../../api/datamover/v1alpha1/class-resolution.ts';
import type { VolumeFacts } from '../../../api/datamover/v1alpha1/class-volumes.ts';
import type {
  DataMoverRestore,
  DataMoverRestoreStatus,
} from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverRestores } from '../../../api/datamover/v1alpha1/kinds.ts';
import { conditionTypes } from '../../../api/datamover/v1alpha1/reasons.ts';
import type { Environment } from '../environment.ts';
import { requestType } from '../request-type.ts';
import { isServedHere } from '../installation.ts';
import type { RequestType } from '../../../lifecycle/request/request-type.ts';
import { resolveClassFor, type ResolvedClass, type ResolutionProblem } from '../resolution/resolve-class.ts';
import { isBeingVerified, verifiedFact } from '../verification.ts';
import { restoreCleanup } from './restore-cleanup.ts';
import { missingRecord, sourceOf } from './record.ts';
import { reportRestore, restoredText } from './reports.ts';
import type { RestoreScope } from './scope.ts';
import { restoreSteps, unwantedRestore } from './steps.ts';

/** Creates the request type of DataMoverRestores. */
export function restoreRequest(
  env: Environment,
): RequestType<DataMoverRestore, DataMoverRestoreStatus, RestoreScope> {
  return requestType(env, {
    name: 'restore',
    kind: dataMoverRestores,
    lister: env.listers.restores,
    isShared: true,
    steps: restoreSteps,
    cleanup: restoreCleanup,
    missing: (restore) => missingRecord(env, restore),
    unwanted: unwantedRestore,
    choose: (restore) => resolveRestore(env, restore),
    open: (scope, restore) => ({
      ...scope,
      restore,
      source: sourceOf(env, restore) ?? {},
      namespace: restore.metadata.namespace ?? '',
    }),
    succeeded: (status) => status.handOver?.boundAt !== undefined,
    phase: phaseOf,
    facts: (status) => [
      [conditionTypes.admitted, status.admittedAt !== undefined],
      [conditionTypes.staged, status.movingSince !== undefined],
      [conditionTypes.moved, status.restored !== undefined],
      ...verifiedFact(status),
      [conditionTypes.handedOver, status.handOver?.boundAt !== undefined],
    ],
    successMessage: restoredText,
    report: (restore, before, after) => reportRestore(env, restore, before, after),
  });
}

function phaseOf(status: DataMoverRestoreStatus): string {
  if (isBeingVerified(status)) return 'Verifying';
  if (status.restored !== undefined) return 'HandingOver';
  if (status.movingSince !== undefined) return 'Moving';
  if (status.admittedAt !== undefined) return 'Staging';
  // A restore that still waits for its destination is not queued and blocks no other.
  return status.queue === undefined ? 'Pending' : 'Queued';
}

/**
 * Selects the class that is requested, else the one of the backup, else the one that matches the labels of the destination: the
 * cluster of the restore need not have the classes of the cluster of the backup.
 */
function resolveRestore(
  env: Environment,
  restore: DataMoverRestore,
): ResolvedClass | ResolutionProblem | undefined {
  const { destinationClaimRef, installation, config } = restore.spec;
  const source = sourceOf(env, restore);
  const classes = env.listers.classes.list();
  const { namespace = '' } = restore.metadata;
  const destination = env.listers.claims.get(`${namespace}/${destinationClaimRef.name}`);
  const storageClassName = destination?.spec.storageClassName;
  const kept = restore.status?.dataMoverClass;
  const recorded = classes.find(
    (c) => c.metadata.name === source?.dataMoverClass && !isBeingDeleted(c) && isOpenTo(c, installation),
  );
  const resolution =
    kept === undefined
      ? resolveClass(classes, destination ?? { metadata: { name: destinationClaimRef.name, namespace } }, {
          requested: restore.spec.dataMoverClass ?? recorded?.metadata.name,
          installation,
          volume: destination && factsOf(destination),
        })
      : resolvePinned(classes, kept);
  if (!isServedHere(restore, resolution, env.namespace)) return undefined;
  return resolveClassFor(env.movers, resolution, { config, storageClassName });
}

/**
 * Returns only the volume mode, which the mover must support. Storage class, driver and size may differ from those of the backup.
 */
function factsOf({ spec: { volumeMode = 'Filesystem' } }: PersistentVolumeClaim): VolumeFacts {
  return { volumeMode };
}
