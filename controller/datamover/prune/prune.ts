import type {
  DataMoverPrune,
  DataMoverPruneStatus,
} from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import { dataMoverPrunes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { conditionTypes, repositoryKept } from '../../../api/datamover/v1alpha1/reasons.ts';
import type { Environment } from '../environment.ts';
import { requestType } from '../request-type.ts';
import type { Fact, RequestType } from '../../../lifecycle/request/request-type.ts';
import { reportTries, pauseAfter } from '../retry.ts';
import { resolveForRecord, type Origin } from '../resolution/resolve-recorded.ts';
import type { PruneScope } from './scope.ts';
import { pruneCleanup, pruneSteps, unwantedPrune } from './steps.ts';

/** Creates the request type of DataMoverPrunes. */
export function pruneRequest(
  env: Environment,
): RequestType<DataMoverPrune, DataMoverPruneStatus, PruneScope> {
  return requestType(env, {
    name: 'prune',
    kind: dataMoverPrunes,
    lister: env.listers.prunes,
    // They are in the protected namespace of their installation.
    isShared: false,
    steps: pruneSteps,
    cleanup: pruneCleanup,
    unwanted: unwantedPrune,
    choose: (request) => resolveForRecord(env, request, originOf(request)),
    notBefore: ({ spec }) => dueAt(spec),
    open: (scope, request) => ({ ...scope, request }),
    tryAgain: (request, status, failure, now) => {
      // The slot is released, so at the next try the repository may no longer be empty.
      status.emptiedAt ??= status.removingSince;
      delete status.prunedAt;
      delete status.snapshots;
      delete status.removingSince;
      return pauseAfter(request, status, failure, now);
    },
    succeeded: ({ prunedAt, removingSince }) => prunedAt !== undefined && removingSince === undefined,
    phase: phaseOf,
    facts: (status) => [
      [conditionTypes.admitted, status.admittedAt !== undefined],
      [conditionTypes.pruned, status.prunedAt !== undefined],
      ...removalOf(status),
    ],
    successMessage: successOf,
    report: (request, before, after) => reportTries(env.reporter, request, before, after),
  });
}

/** An invalid time means no delay here; the validation of the spec rejects it later. */
function dueAt({ dueAt: text = '' }: DataMoverPrune['spec']): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

function originOf({ spec: { mover, repositoryID } }: DataMoverPrune): Origin {
  return { mover, repositoryID };
}

/** Reported only if the class removes empty repositories. */
function removalOf({ removingSince, removedAt, kept }: DataMoverPruneStatus): readonly Fact[] {
  if (kept !== undefined)
    return [[conditionTypes.repositoryRemoved, false, { reason: repositoryKept, message: kept }]];
  const isTold = removingSince !== undefined || removedAt !== undefined;
  return isTold ? [[conditionTypes.repositoryRemoved, removedAt !== undefined]] : [];
}

function successOf({ freedBytes, remainingBytes, removedAt, kept }: DataMoverPruneStatus): string {
  if (removedAt !== undefined) return 'the repository contained no snapshot and was removed';
  if (kept !== undefined)
    return `the repository was pruned and contains no snapshot, but was not removed: ${kept}`;
  return freedBytes === undefined
    ? 'the repository was pruned'
    : `${String(freedBytes)} bytes were freed, ${String(remainingBytes ?? 0)} remain`;
}

function phaseOf(status: DataMoverPruneStatus): string {
  const { startTimestamp, movingSince, repositoryPath, retryAt, removingSince } = status;
  if (retryAt !== undefined) return 'Retrying';
  if (removingSince !== undefined) return 'Removing';
  if (movingSince !== undefined) return 'Pruning';
  if (repositoryPath !== undefined) return 'Queued';
  return startTimestamp === undefined ? 'Waiting' : 'Pending';
}
