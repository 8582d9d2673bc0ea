import { ownerOf } from '../repository/path.ts';
import { untilGone } from '../request/clean-up.ts';
import { admit, followMover } from '../request/shared-steps.ts';
import { checkpoint, done, failed, type Step, type StepResult } from '../request/step.ts';
import { recover } from './retry.ts';
import type { DeleteScope } from './scope.ts';

/** The way of a removal, in order. Each step is skipped when its facts are recorded. */
export const deleteSteps: readonly Step<DeleteScope>[] = [
  { name: 'check', run: check },
  { name: 'recover', run: recover },
  { name: 'admit', run: (scope) => admit(scope, 'delete', scope.request.metadata.uid ?? '') },
  { name: 'remove', run: remove },
];

/** The way back. */
export const deleteCleanup: readonly Step<DeleteScope>[] = [{ name: 'clean up mover', run: cleanUp }];

function check({ request, status, env, serving, now }: DeleteScope): StepResult {
  const { namespace = '' } = request.metadata;
  if (namespace !== env.namespace) {
    return failed(
      'Forbidden',
      `a DataMoverDelete is obeyed in namespace ${env.namespace} only, not in ${namespace}`,
    );
  }
  const { mover, repository, snapshotID, empty } = request.spec.result;
  if (empty === true || snapshotID === undefined) {
    // There is no snapshot of an empty volume, so it is as gone as it can be.
    status.removedAt ??= now.toISOString();
    return checkpoint;
  }
  if (mover !== serving.mover.name) {
    const { name } = serving.class.metadata;
    return failed(
      'NoClass',
      `the backup was made by mover ${mover}, and DataMoverClass ${name} is served by ${serving.mover.name}: make a DataMoverClass ${request.spec.dataMoverClass ?? ''} of mover ${mover}`,
    );
  }
  if (ownerOf(repository) === undefined) {
    return failed('InvalidRequest', `spec.result.repository "${repository}" is not a path of a repository`);
  }
  status.repositoryPath = repository;
  return done;
}

async function remove(scope: DeleteScope): Promise<StepResult> {
  const { request, status, child, serving, signal, now } = scope;
  if (status.removedAt !== undefined) return done;
  status.movingSince ??= now.toISOString();
  const outcome = await serving.mover.forget({
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
  return followMover(scope, outcome, () => {
    status.removedAt = now.toISOString();
    delete status.lastFailure;
    return checkpoint;
  });
}

async function cleanUp({ serving, child, signal }: DeleteScope): Promise<StepResult> {
  return untilGone(await serving.mover.cleanup({ ...child, signal }));
}
