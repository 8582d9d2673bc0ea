import type { DataMoverClass } from '../../api/v1alpha1/data-mover-class.ts';
import { ownerOf } from '../repository/path.ts';
import { isUnderstood, type Serving, type ServingProblem } from './serving.ts';
import { done, failed, type StepResult } from './step.ts';

/**
 * Whether a request that changes a repository itself may do so: such requests are obeyed in the protected namespace only,
 * and served by the mover that made the repository.
 */
export function checkCare(
  request: { kind: string; metadata: { namespace?: string } },
  { mover, repository }: { mover: string; repository: string },
  { serving, protectedNamespace }: { serving: Serving; protectedNamespace: string },
): StepResult {
  const { namespace = '' } = request.metadata;
  if (namespace !== protectedNamespace) {
    return failed(
      'Forbidden',
      `a ${request.kind} is obeyed in namespace ${protectedNamespace} only, not in ${namespace}`,
    );
  }
  if (!isUnderstood(serving.mover, mover)) {
    const { reason, message } = madeByAnother(mover, serving.class);
    return failed(reason, message);
  }
  if (ownerOf(repository) === undefined)
    return failed('InvalidRequest', `"${repository}" is not a path of a repository`);
  return done;
}

/** Why a class cannot serve data of another mover. */
export function madeByAnother(mover: string, { metadata: { name }, spec }: DataMoverClass): ServingProblem {
  return {
    reason: 'NoClass',
    message: `the backup was made by mover ${mover}, and DataMoverClass ${name} is served by ${spec.mover}; create a DataMoverClass of mover ${mover}, and another request that names it in spec.dataMoverClass`,
  };
}
