import { targetOf } from '../../lifecycle/observe/event-target.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { eventReasons, type FailureReason } from '../../api/datamover/v1alpha1/reasons.ts';
import { eventsFor, type Reporter } from '../../lifecycle/observe/reporter.ts';
import type { Failure } from '../../lifecycle/request-status.ts';
import type { DataMoverScope } from './request-type.ts';
import type { MovingStatus } from './transfer-steps.ts';
import { checkpoint, done, failed, waiting, type StepResult } from '../../lifecycle/request/step.ts';

/**
 * Retries of requests that maintain a repository. A failed one is retried for as long as its request exists: the Velero backup
 * has been deleted by then, and nothing else would create another request.
 */

/** The status of a request that is retried. */
export interface RetriedStatus extends MovingStatus {
  failedTries?: number | undefined;
  lastFailure?: Failure | undefined;
  retryAt?: string | undefined;
}

/** The scope of a request that is retried. */
export interface RetriedScope<Status extends RetriedStatus> extends DataMoverScope<Status> {
  request: Resource;
}

/** Pause after the first failure. It doubles with each further failure, up to an hour. */
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Failures of the request itself, which a retry cannot fix. */
const PERMANENT: ReadonlySet<string> = new Set<FailureReason>(['InvalidRequest', 'Forbidden']);

/** Records a failure and returns the pause before the next try in milliseconds, or `undefined` if the failure is final. */
export function pauseAfter(
  { metadata }: Resource,
  status: RetriedStatus,
  failure: Failure,
  now: Date,
): number | undefined {
  if (PERMANENT.has(failure.reason) || metadata.deletionTimestamp !== undefined) return undefined;
  const pending = Date.parse(status.retryAt ?? '') - now.getTime();
  if (pending > 0) return pending;
  const tries = (status.failedTries ?? 0) + 1;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
  status.failedTries = tries;
  status.lastFailure = failure;
  status.retryAt = new Date(now.getTime() + pause).toISOString();
  // The next try starts from the beginning, possibly on another node.
  delete status.movingSince;
  delete status.progress;
  delete status.node;
  if (status.admittedAt === undefined) {
    // Nothing was started, so another class may serve the next try.
    delete status.dataMoverClass;
    delete status.mover;
  }
  return pause;
}

/** Deletes what a failed try has created, releases its slot, and waits until the next try is due. */
export async function recover<Status extends RetriedStatus>(
  scope: RetriedScope<Status>,
): Promise<StepResult> {
  const { env, request, status, child, resolved, now, limits, signal } = scope;
  const { uid = '' } = request.metadata;
  const { lastFailure, retryAt } = status;
  if (lastFailure === undefined || retryAt === undefined) return done;
  if (request.metadata.deletionTimestamp !== undefined)
    return failed(lastFailure.reason, lastFailure.message);
  if (status.admittedAt !== undefined) {
    const left = await resolved.mover.cleanup({ ...child, signal });
    const giveUpAt = limits.endOf(retryAt, resolved.deadlines.cleanUpSeconds);
    // After the deadline, leftovers delay the next try of this request but no longer occupy the slot.
    if (left.length > 0 && now.getTime() < giveUpAt) {
      return waiting(lastFailure.message, { requeueAfterMs: 1000 });
    }
    // The next try creates objects with the same names, which must be deleted as well.
    env.cleaner.forget(uid);
    env.admission.release(uid);
    delete status.admittedAt;
    return checkpoint;
  }
  const left = Date.parse(retryAt) - now.getTime();
  if (left > 0) return waiting(`${lastFailure.message}; next try at ${retryAt}`, { requeueAfterMs: left });
  const remains = await resolved.mover.cleanup({ ...child, signal });
  if (remains.length > 0) {
    const message = `${lastFailure.message}; the next try waits for the deletion of ${remains.join(', ')}`;
    return waiting(message, { requeueAfterMs: FIRST_PAUSE_MS });
  }
  env.cleaner.forget(uid);
  delete status.retryAt;
  return done;
}

/** Emits an Event for each failed try and for the end. */
export function reportTries(
  reporter: Reporter,
  request: Resource,
  before: RetriedStatus,
  after: RetriedStatus,
): void {
  if (before.phase === after.phase && before.failedTries === after.failedTries) return;
  const { normal, warning } = eventsFor(reporter);
  const { message = '' } = after;
  const target = [targetOf(request)];
  if (before.failedTries !== after.failedTries)
    warning(target, eventReasons.warning, after.lastFailure?.message ?? message);
  if (after.phase === 'Completed') normal(target, eventReasons.completed, message);
  if (after.phase === 'Canceled') warning(target, eventReasons.canceled, message);
  if (after.phase === 'Failed') warning(target, eventReasons.failed, message);
}
