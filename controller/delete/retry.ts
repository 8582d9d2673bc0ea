import type { DataMoverDelete, DataMoverDeleteStatus } from '../../api/v1alpha1/data-mover-delete.ts';
import type { FailureReason } from '../../api/v1alpha1/reasons.ts';
import type { Failure } from '../request/request.ts';
import { checkpoint, done, failed, waiting, type StepResult } from '../request/step.ts';
import type { DeleteScope } from './scope.ts';

/**
 * A removal that fails is tried again for as long as its request stands: the Velero backup is gone by then, and nobody
 * else will ever ask.
 */

/** The pause after the first failure; each further one is twice as long, up to an hour. */
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** What is wrong with the request itself stays wrong. */
const HOPELESS: ReadonlySet<string> = new Set<FailureReason>(['InvalidRequest', 'Forbidden']);

/** Notes a failure and how long to wait after it, in milliseconds; `undefined` when it is final. */
export function pauseAfter(
  { metadata }: DataMoverDelete,
  status: DataMoverDeleteStatus,
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
  delete status.queue;
  delete status.movingSince;
  if (status.admittedAt === undefined) {
    // Nothing was begun, so another class may serve the next try.
    delete status.dataMoverClass;
    delete status.mover;
  }
  return pause;
}

/** Takes back what a failed try has made, its place included, and waits until the next one is due. */
export async function recover(scope: DeleteScope): Promise<StepResult> {
  const { env, request, status, child, serving, now, signal } = scope;
  const { uid = '' } = request.metadata;
  const { lastFailure, retryAt } = status;
  if (lastFailure === undefined || retryAt === undefined) return done;
  if (request.metadata.deletionTimestamp !== undefined) {
    return failed(lastFailure.reason as FailureReason, lastFailure.message);
  }
  if (status.admittedAt !== undefined) {
    const left = await serving.mover.cleanup({ ...child, signal });
    const giveUpAt = Date.parse(retryAt) + serving.class.spec.deadlines.cleanUpSeconds * 1_000;
    // What will not go keeps the next try from a fresh start, but nobody else from the place.
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
  delete status.retryAt;
  return done;
}
