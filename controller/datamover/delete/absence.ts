import { formatKey, keyOf } from '../../../api/kubernetes/meta.ts';
import type { ForgetFacts, MoverOutcome } from '../../../movers/mover.ts';
import { isRepositoryRemoved } from '../prune/removed-repository.ts';
import type { DeleteScope } from './scope.ts';

type Outcome = MoverOutcome<ForgetFacts>;

/**
 * Translates the outcome of the mover. A missing snapshot or repository counts as removed only if it must have been in this
 * place: in a wrong bucket the mover finds nothing either, and the data would stay forever.
 */
export function classifyRemoval(scope: DeleteScope, outcome: Outcome): Outcome {
  if (outcome.state === 'Done') return outcome.facts.alreadyGone ? classifyAbsence(scope, outcome) : outcome;
  if (outcome.state !== 'Failed' || outcome.reason !== 'RepositoryMissing') return outcome;
  if (wasRemoved(scope)) return { state: 'Done', facts: { alreadyGone: true } };
  return { ...outcome, message: `${outcome.message}; ${remedy(scope.request)}` };
}

/** An absent snapshot was removed before, if this is the repository that contained it. Only the recorded id proves that. */
function classifyAbsence({ request, resolved }: DeleteScope, outcome: Outcome): Outcome {
  const { snapshotID = '', repository, repositoryID } = request.spec.result;
  if (repositoryID !== undefined) return outcome;
  return {
    state: 'Failed',
    reason: 'RepositoryMissing',
    message: `snapshot ${snapshotID} is not in repository ${repository} of DataMoverClass ${resolved.class.metadata.name}, and the record of the backup has no id that proves that this is its repository; look for the snapshot where the class led at the time of the backup; ${remedy(request)}`,
  };
}

function remedy(request: DeleteScope['request']): string {
  return `if the data was removed on purpose, delete DataMoverDelete ${formatKey(keyOf(request))}`;
}

/** Returns true if this very repository was removed as empty. */
function wasRemoved({ env, request, resolved }: DeleteScope): boolean {
  const { result, backupStorageLocation } = request.spec;
  const { repository, repositoryID } = result;
  const dataMoverClass = resolved.class.metadata.name;
  return isRepositoryRemoved(env, { repository, repositoryID, dataMoverClass, backupStorageLocation });
}
