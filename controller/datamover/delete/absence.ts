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
  const { request } = scope;
  const remedy = `if the data was removed on purpose, delete DataMoverDelete ${formatKey(keyOf(request))}`;
  return { ...outcome, message: `${outcome.message}; ${remedy}` };
}

/** An absent snapshot was removed before, if this is the repository that contained it. */
function classifyAbsence({ request, resolved }: DeleteScope, outcome: Outcome): Outcome {
  const { result, dataMoverClass } = request.spec;
  const asked = resolved.class.metadata.name;
  if (result.repositoryID !== undefined || dataMoverClass === asked) return outcome;
  return {
    state: 'Failed',
    reason: 'RepositoryMissing',
    message: `snapshot ${result.snapshotID ?? ''} is not in repository ${result.repository} of DataMoverClass ${asked}, and nothing proves that this is the repository of the backup; create a DataMoverDelete that names the class of the backup in spec.dataMoverClass, and delete ${formatKey(keyOf(request))}`,
  };
}

/** Returns true if this very repository was removed as empty. */
function wasRemoved({ env, request, resolved }: DeleteScope): boolean {
  const { result, backupStorageLocation } = request.spec;
  const { repository, repositoryID } = result;
  const dataMoverClass = resolved.class.metadata.name;
  return isRepositoryRemoved(env, { repository, repositoryID, dataMoverClass, backupStorageLocation });
}
