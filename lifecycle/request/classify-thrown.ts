import { isConflict, isForbidden, isInvalid, isTerminating } from '../../kube/client/kube-error.ts';
import type { RequestScope } from './request-type.ts';
import { failed, waiting, type StepResult } from './step.ts';

/** An error that lasts longer than this, in milliseconds, is persistent. */
const PERSISTENT_MS = 10_000;

/** How often a persistent error is retried, in milliseconds. */
const RETRY_MS = 30_000;

/**
 * Classifies an error that a step threw. A transient error is thrown again, so the work queue retries it. A persistent error
 * becomes a wait with a deadline, which the status shows. An error 403 counts as persistent at once: it can end (a quota, a
 * permission), but not by itself.
 */
export function classifyThrown(
  error: unknown,
  lastedMs: number,
  { now, resolved, signal }: Pick<RequestScope, 'now' | 'resolved' | 'signal'>,
): StepResult {
  if (signal.aborted || isConflict(error)) throw error;
  // An invalid object stays invalid: a retry cannot succeed.
  if (isInvalid(error)) return failed('InvalidRequest', error.message);
  if (isTerminating(error))
    return failed('InvalidRequest', `no more objects can be created in this namespace: ${error.message}`);
  if (!isForbidden(error) && lastedMs < PERSISTENT_MS) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const seconds = resolved.deadlines.stagingSeconds;
  return waiting(message, {
    requeueAfterMs: RETRY_MS,
    deadline: {
      at: now.getTime() + seconds * 1000 - lastedMs,
      message: `${isForbidden(error) ? 'not allowed' : 'not possible'} for ${String(seconds)} s: ${message}`,
    },
  });
}
