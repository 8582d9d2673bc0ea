import type {
  DataMoverDelete,
  DataMoverDeleteStatus,
} from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import { dataMoverDeletes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { conditionTypes } from '../../../api/datamover/v1alpha1/reasons.ts';
import type { Environment } from '../environment.ts';
import { requestType } from '../request-type.ts';
import type { RequestType } from '../../../lifecycle/request/request-type.ts';
import { reportTries, pauseAfter } from '../retry.ts';
import { resolveForRecord, type Origin } from '../resolution/resolve-recorded.ts';
import { deletedTooEarly } from '../transfer-steps.ts';
import type { DeleteScope } from './scope.ts';
import { deleteCleanup, deleteSteps } from './steps.ts';

/** Creates the request type of DataMoverDeletes. */
export function deleteRequest(
  env: Environment,
): RequestType<DataMoverDelete, DataMoverDeleteStatus, DeleteScope> {
  return requestType<DataMoverDelete, DataMoverDeleteStatus, DeleteScope>(env, {
    name: 'delete',
    kind: dataMoverDeletes,
    lister: env.listers.deletes,
    // They are in the protected namespace of their installation.
    isShared: false,
    steps: deleteSteps,
    cleanup: deleteCleanup,
    // Work that has started continues after a deletion of the request; the deletion ends it only if it fails.
    unwanted: (request, { removedAt }) => (removedAt === undefined ? deletedTooEarly(request) : undefined),
    choose: (request) => resolveForRecord(env, request, originOf(request)),
    open: (scope, request) => ({ ...scope, request }),
    tryAgain: pauseAfter,
    succeeded: ({ removedAt }) => removedAt !== undefined,
    phase: phaseOf,
    facts: (status) => [
      [conditionTypes.admitted, status.admittedAt !== undefined],
      [conditionTypes.removed, status.removedAt !== undefined],
    ],
    successMessage: () => 'the snapshot is no longer in the repository',
    report: (request, before, after) => reportTries(env.reporter, request, before, after),
  });
}

function originOf({ spec: { result } }: DataMoverDelete): Origin {
  return { mover: result.mover, repositoryID: result.repositoryID };
}

function phaseOf({ movingSince, repositoryPath, retryAt }: DataMoverDeleteStatus): string {
  if (retryAt !== undefined) return 'Retrying';
  if (movingSince !== undefined) return 'Deleting';
  return repositoryPath === undefined ? 'Pending' : 'Queued';
}
