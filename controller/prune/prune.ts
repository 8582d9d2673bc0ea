import type { DataMoverPrune, DataMoverPruneStatus } from '../../api/v1alpha1/data-mover-prune.ts';
import { dataMoverPrunes } from '../../api/v1alpha1/kinds.ts';
import { conditionTypes } from '../../api/v1alpha1/reasons.ts';
import type { Environment } from '../environment.ts';
import { childIdentity } from '../request/children.ts';
import type { RequestType } from '../request/request.ts';
import { announceTries, pauseAfter } from '../request/retry.ts';
import { serveRecorded } from '../request/serve-recorded.ts';
import type { PruneScope } from './scope.ts';
import { pruneCleanup, pruneSteps } from './steps.ts';

/** What makes a DataMoverPrune one. */
export function pruneRequest(
  env: Environment,
): RequestType<DataMoverPrune, DataMoverPruneStatus, PruneScope> {
  return {
    kind: dataMoverPrunes,
    lister: env.listers.prunes,
    steps: pruneSteps,
    cleanup: pruneCleanup,
    choose: (request) => serveRecorded(env, request),
    notBefore: ({ spec }) => (spec.dueAt === undefined ? undefined : Date.parse(spec.dueAt)),
    open: ({ request, status, serving, now, assertCurrent, context }) => ({
      env,
      request,
      status,
      child: childIdentity('prune', request),
      serving,
      now,
      signal: context.signal,
      assertCurrent,
    }),
    tryAgain: pauseAfter,
    succeeded: ({ prunedAt }) => prunedAt !== undefined,
    phase: phaseOf,
    facts: (status) => [
      [conditionTypes.admitted, status.admittedAt !== undefined],
      [conditionTypes.pruned, status.prunedAt !== undefined],
    ],
    successMessage: ({ freedBytes, remainingBytes }) =>
      freedBytes === undefined
        ? 'the repository is pruned'
        : `${String(freedBytes)} bytes were given back, ${String(remainingBytes ?? 0)} remain`,
    report: (request, before, after) => announceTries(env.reporter, request, before, after),
  };
}

function phaseOf({ startTimestamp, movingSince, repositoryPath, retryAt }: DataMoverPruneStatus): string {
  if (retryAt !== undefined) return 'Retrying';
  if (movingSince !== undefined) return 'Pruning';
  if (repositoryPath !== undefined) return 'Queued';
  return startTimestamp === undefined ? 'Waiting' : 'Pending';
}
