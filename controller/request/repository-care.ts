import { ownerOf } from '../repository/path.ts';
import { isUnderstood, type Serving } from './serving.ts';
import { done, failed, type StepResult } from './step.ts';

/**
 * Whether a request that changes a repository itself may do so: such requests are obeyed in the protected namespace only,
 * and served by the mover that made the repository.
 */
export function checkCare(
  request: { kind: string; metadata: { namespace?: string } },
  { mover, repository, className }: { mover: string; repository: string; className: string | undefined },
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
    const { name } = serving.class.metadata;
    return failed(
      'NoClass',
      `the backup was made by mover ${mover}, and DataMoverClass ${name} is served by ${serving.mover.name}: make a DataMoverClass ${className ?? ''} of mover ${mover}`,
    );
  }
  if (ownerOf(repository) === undefined)
    return failed('InvalidRequest', `"${repository}" is not a path of a repository`);
  return done;
}
