import { askForPrune } from '../prune/ask.ts';
import { cleanMover } from '../request/clean-up.ts';
import { checkCare } from '../request/repository-care.ts';
import { recover } from '../request/retry.ts';
import { checkSnapshotID } from '../request/snapshot-id.ts';
import { admit, followMover } from '../request/shared-steps.ts';
import { checkpoint, done, failed, type Step, type StepResult } from '../request/step.ts';
import type { DeleteScope } from './scope.ts';

/** The way of a removal, in order. Each step is skipped when its facts are recorded. */
export const deleteSteps: readonly Step<DeleteScope>[] = [
  { name: 'check', run: check },
  { name: 'recover', run: recover },
  { name: 'admit', run: (scope) => admit(scope, 'delete', scope.request.metadata.uid ?? '') },
  { name: 'remove', run: remove },
];

/** The way back. */
export const deleteCleanup: readonly Step<DeleteScope>[] = [cleanMover];

function check({ request, status, env, serving, now }: DeleteScope): StepResult {
  const { result, dataMoverClass: className } = request.spec;
  if (result.empty === true || result.snapshotID === undefined) {
    // There is no snapshot of an empty volume, so it is as gone as it can be.
    status.removedAt ??= now.toISOString();
    return checkpoint;
  }
  const checked = checkCare(
    request,
    { ...result, className },
    { serving, protectedNamespace: env.namespace },
  );
  if (checked.state !== 'done') return checked;
  const named = checkSnapshotID(serving.mover, 'spec.result.snapshotID', result.snapshotID);
  if (named.state === 'done') status.repositoryPath = result.repository;
  return named;
}

async function remove(scope: DeleteScope): Promise<StepResult> {
  const { request, status, child, serving, signal, now } = scope;
  const { mover } = serving;
  if (status.removedAt !== undefined) return done;
  if (mover.forget === undefined)
    return failed('InvalidRequest', `mover ${mover.name} keeps no backups that could be removed one by one`);
  status.movingSince ??= now.toISOString();
  const forgotten = await mover.forget({
    ...child,
    config: serving.config,
    repositoryPath: status.repositoryPath ?? '',
    snapshotID: request.spec.result.snapshotID ?? '',
    // Velero's backup is gone by now; whoever wrote this request could still ask it.
    veleroLocation: () => Promise.resolve({ name: request.spec.backupStorageLocation }),
    since: status.movingSince,
    signal,
    assertCurrent: scope.assertCurrent,
  });
  // Where repositories go with their last snapshot, one that is not there holds nothing.
  const isGone = forgotten.state === 'Failed' && forgotten.reason === 'RepositoryMissing';
  const { removeEmpty } = serving.class.spec.repositories;
  const outcome: typeof forgotten =
    isGone && removeEmpty ? { state: 'Done', facts: { alreadyGone: true } } : forgotten;
  // Before the removal is recorded: what was removed and never pruned would take space for ever.
  if (outcome.state === 'Done') await askForPrune(scope);
  return followMover(scope, outcome, () => {
    status.removedAt = now.toISOString();
    delete status.lastFailure;
    return checkpoint;
  });
}
