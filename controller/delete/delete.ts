import { resolveClass } from '../../api/v1alpha1/class-resolution.ts';
import type { DataMoverDelete, DataMoverDeleteStatus } from '../../api/v1alpha1/data-mover-delete.ts';
import { dataMoverDeletes } from '../../api/v1alpha1/kinds.ts';
import { conditionTypes, eventReasons } from '../../api/v1alpha1/reasons.ts';
import type { Environment } from '../environment.ts';
import { targetOf } from '../request/announcements.ts';
import { childIdentity } from '../request/children.ts';
import { speaker } from '../request/reporter.ts';
import type { RequestType } from '../request/request.ts';
import { serveResolved, type Serving, type ServingProblem } from '../request/serving.ts';
import { pauseAfter } from './retry.ts';
import type { DeleteScope } from './scope.ts';
import { deleteCleanup, deleteSteps } from './steps.ts';

/** What makes a DataMoverDelete one. */
export function deleteRequest(
  env: Environment,
): RequestType<DataMoverDelete, DataMoverDeleteStatus, DeleteScope> {
  return {
    kind: dataMoverDeletes,
    lister: env.listers.deletes,
    steps: deleteSteps,
    cleanup: deleteCleanup,
    choose: (request) => chooseServing(env, request),
    open: ({ request, status, serving, now, assertCurrent, context }) => ({
      env,
      request,
      status,
      child: childIdentity('delete', request),
      serving,
      now,
      signal: context.signal,
      assertCurrent,
    }),
    tryAgain: pauseAfter,
    succeeded: ({ removedAt }) => removedAt !== undefined,
    phase: phaseOf,
    facts: (status) => [[conditionTypes.admitted, status.admittedAt !== undefined]],
    successMessage: () => 'the snapshot is not in the repository any more',
    report: (request, before, after) => {
      if (before.phase === after.phase && before.failedTries === after.failedTries) return;
      const { normal, warning } = speaker(env.reporter);
      const message = after.message ?? '';
      if (before.failedTries !== after.failedTries)
        warning([targetOf(request)], eventReasons.warning, after.lastFailure?.message ?? message);
      if (after.phase === 'Completed') normal([targetOf(request)], eventReasons.completed, message);
      if (after.phase === 'Failed') warning([targetOf(request)], eventReasons.failed, message);
    },
  };
}

function phaseOf({ movingSince, repositoryPath, retryAt }: DataMoverDeleteStatus): string {
  if (retryAt !== undefined) return 'Retrying';
  if (movingSince !== undefined) return 'Deleting';
  return repositoryPath === undefined ? 'Pending' : 'Queued';
}

/** The class that made the backup may be gone, or be another cluster's: then the default one has to do. */
function chooseServing(env: Environment, request: DataMoverDelete): Serving | ServingProblem | undefined {
  const classes = env.listers.classes.list();
  const recorded = request.status?.dataMoverClass ?? request.spec.dataMoverClass;
  const known = classes.find((c) => c.metadata.name === recorded)?.metadata.name;
  const resolution = resolveClass(classes, { metadata: { name: request.metadata.name } }, known);
  return serveResolved(env.movers, resolution, { config: request.spec.config });
}
