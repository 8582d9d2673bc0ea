import { targetOf } from '../../lifecycle/observe/event-target.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { eventReasons, type FailureReason } from '../../api/datamover/v1alpha1/reasons.ts';
import type { ChildIdentity } from '../../lifecycle/request/child-identity.ts';
import { speaker, type Reporter } from '../../lifecycle/observe/reporter.ts';
import type { Failure } from '../../lifecycle/request/request-type.ts';
import type { DataMoverScope } from './request-type.ts';
import type { MovingStatus } from './transfer-steps.ts';
import { checkpoint, done, failed, waiting, type StepResult } from '../../lifecycle/request/step.ts';

/**
 * The care of repositories is tried again when it fails, for as long as its request stands: the Velero backup is gone by
 * then, and nobody else will ever ask.
 */

/** The status of a request that is tried again. */
export interface RetriedStatus extends MovingStatus {
  failedTries?: number | undefined;
  lastFailure?: Failure | undefined;
  retryAt?: string | undefined;
}

/** What a pass over such a request knows. */
export interface RetriedScope<Status extends RetriedStatus> extends DataMoverScope<Status> {
  request: Resource;
  child: ChildIdentity;
}

/** The pause after the first failure; each further one is twice as long, up to an hour. */
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** What is wrong with the request itself stays wrong. */
const HOPELESS: ReadonlySet<string> = new Set<FailureReason>(['InvalidRequest', 'Forbidden']);

/** Notes a failure and how long to wait after it, in milliseconds; `undefined` when it is final. */
export function pauseAfter(
  { metadata }: Resource,
  status: RetriedStatus,
  failure: Failure,
  now: Date,
): number | undefined {
  if (HOPELESS.has(failure.reason) || metadata.deletionTimestamp !== undefined) return undefined;
  const pending = Date.parse(status.retryAt ?? '') - now.getTime();
  if (pending > 0) return pending;
  const tries = (status.failedTries ?? 0) + 1;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
  status.failedTries = tries;
  status.lastFailure = failure;
  status.retryAt = new Date(now.getTime() + pause).toISOString();
  // The next try takes another way, at other times.
  delete status.movingSince;
  delete status.progress;
  delete status.node;
  if (status.admittedAt === undefined) {
    // Nothing was begun, so another class may serve the next try.
    delete status.dataMoverClass;
    delete status.mover;
  }
  return pause;
}

/** Takes back what a failed try has made, its place included, and waits until the next one is due. */
export async function recover<Status extends RetriedStatus>(
  scope: RetriedScope<Status>,
): Promise<StepResult> {
  const { env, request, status, child, serving, now, limits, signal } = scope;
  const { uid = '' } = request.metadata;
  const { lastFailure, retryAt } = status;
  if (lastFailure === undefined || retryAt === undefined) return done;
  if (request.metadata.deletionTimestamp !== undefined)
    return failed(lastFailure.reason as FailureReason, lastFailure.message);
  if (status.admittedAt !== undefined) {
    const left = await serving.mover.cleanup({ ...child, signal });
    const giveUpAt = limits.endOf(retryAt, serving.class.spec.deadlines.cleanUpSeconds);
    // What will not go keeps this request from its next try, but nobody else from the place.
    if (left.length > 0 && now.getTime() < giveUpAt) {
      return waiting(lastFailure.message, { requeueAfterMs: 1000 });
    }
    // The next try makes objects of the same names, and they must go as well.
    env.cleaner.forget(uid);
    env.admission.release(uid);
    delete status.admittedAt;
    return checkpoint;
  }
  const left = Date.parse(retryAt) - now.getTime();
  if (left > 0) return waiting(`${lastFailure.message}; next try at ${retryAt}`, { requeueAfterMs: left });
  const remains = await serving.mover.cleanup({ ...child, signal });
  if (remains.length > 0) {
    const message = `${lastFailure.message}; the next try waits for ${remains.join(', ')} to go`;
    return waiting(message, { requeueAfterMs: FIRST_PAUSE_MS });
  }
  env.cleaner.forget(uid);
  delete status.retryAt;
  return done;
}

/** Tells each try that failed, and how it ended. */
export function announceTries(
  reporter: Reporter,
  request: Resource,
  before: RetriedStatus,
  after: RetriedStatus,
): void {
  if (before.phase === after.phase && before.failedTries === after.failedTries) return;
  const { normal, warning } = speaker(reporter);
  const { message = '' } = after;
  const target = [targetOf(request)];
  if (before.failedTries !== after.failedTries)
    warning(target, eventReasons.warning, after.lastFailure?.message ?? message);
  if (after.phase === 'Completed') normal(target, eventReasons.completed, message);
  if (after.phase === 'Canceled') warning(target, eventReasons.canceled, message);
  if (after.phase === 'Failed') warning(target, eventReasons.failed, message);
}
