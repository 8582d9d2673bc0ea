import { cleanMover } from '../clean-mover.ts';
import { dataMoverDeleteSpec } from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import { dataMoverDeletes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { requestPrune } from '../prune/request-prune.ts';
import { ownerReferenceTo } from '../../../lifecycle/request/child-identity.ts';
import { checkMaintenance, checkMaintenanceSpec } from '../resolution/repository-maintenance.ts';
import { recover } from '../retry.ts';
import { checkSnapshotID } from '../../../movers/snapshot-id.ts';
import { admit, followMover } from '../transfer-steps.ts';
import { checkpoint, done, failed, type Step, type StepResult } from '../../../lifecycle/request/step.ts';
import { classifyRemoval } from './absence.ts';
import type { DeleteScope } from './scope.ts';

/** The steps of a DataMoverDelete, in order. A step is skipped if its facts are recorded. */
export const deleteSteps: readonly Step<DeleteScope>[] = [
  { name: 'check', run: check },
  { name: 'recover', run: recover },
  { name: 'admit', run: (scope) => admit(scope, 'delete', scope.request.metadata.uid ?? '') },
  { name: 'remove', run: remove },
];

/** The cleanup steps of a DataMoverDelete. */
export const deleteCleanup: readonly Step<DeleteScope>[] = [cleanMover];

function check({ request, status, env, resolved, now }: DeleteScope): StepResult {
  const { result, backupNamespace } = request.spec;
  const formed = checkMaintenanceSpec({ spec: request.spec, status }, dataMoverDeleteSpec);
  if (formed.state !== 'done') return formed;
  if (result.empty === true || result.snapshotID === undefined) {
    // No snapshot of an empty volume exists, so nothing needs to be removed.
    status.removedAt ??= now.toISOString();
    return checkpoint;
  }
  const checked = checkMaintenance(
    request,
    { ...result, backupNamespace },
    { resolved, protectedNamespace: env.namespace },
  );
  if (checked.state !== 'done') return checked;
  const named = checkSnapshotID(resolved.mover, 'spec.result.snapshotID', result.snapshotID);
  if (named.state === 'done') status.repositoryPath = result.repository;
  return named;
}

async function remove(scope: DeleteScope): Promise<StepResult> {
  const { request, status, child, resolved, signal, now } = scope;
  const { mover } = resolved;
  if (status.removedAt !== undefined) return done;
  if (mover.forget === undefined)
    return failed('InvalidRequest', `mover ${mover.name} cannot remove single backups`);
  status.movingSince ??= now.toISOString();
  const forgotten = await mover.forget({
    ...child,
    config: resolved.config,
    repositoryPath: status.repositoryPath ?? '',
    repositoryID: request.spec.result.repositoryID,
    snapshotID: request.spec.result.snapshotID ?? '',
    // The Velero backup has been deleted by now, so its location comes from the spec of the request.
    veleroLocation: () => Promise.resolve({ name: request.spec.backupStorageLocation }),
    owner: ownerReferenceTo(dataMoverDeletes, request),
    since: status.movingSince,
    signal,
    assertCurrent: scope.assertCurrent,
  });
  const outcome = classifyRemoval(scope, forgotten);
  // Created before the removal is recorded: data that was removed but never pruned would take up space forever.
  if (forgotten.state === 'Done' && outcome.state === 'Done') await requestPrune(scope);
  return followMover(scope, outcome, () => {
    status.removedAt = now.toISOString();
    delete status.lastFailure;
    return checkpoint;
  });
}
