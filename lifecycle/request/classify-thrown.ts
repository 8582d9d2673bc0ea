import { isConflict, isForbidden, isInvalid, isTerminating } from '../../kube/client/kube-error.ts';
import type { RequestScope } from './request-type.ts';
import { failed, waiting, type StepResult } from './step.ts';

/** What was thrown for this long is no trouble of the moment. */
const STANDS_MS = 10_000;

/** How often it is tried again then. */
const RETRY_MS = 30_000;

/**
 * What it means for a request on its way that something was thrown. Trouble of the moment is thrown on. What stands is
 * a wait like any other: told in the status, and with an end. A refusal stands from the start: it may be lifted (a quota, a
 * right), but not by itself.
 */
export function classifyThrown(
  error: unknown,
  lastedMs: number,
  { now, serving, signal }: Pick<RequestScope, 'now' | 'serving' | 'signal'>,
): StepResult {
  if (signal.aborted || isConflict(error)) throw error;
  // What is called invalid now will be called invalid every time.
  if (isInvalid(error)) return failed('InvalidRequest', error.message);
  if (isTerminating(error))
    return failed('InvalidRequest', `nothing more can be made here: ${error.message}`);
  if (!isForbidden(error) && lastedMs < STANDS_MS) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const seconds = serving.deadlines.stagingSeconds;
  return waiting(message, {
    requeueAfterMs: RETRY_MS,
    deadline: {
      at: now.getTime() + seconds * 1000 - lastedMs,
      message: `${isForbidden(error) ? 'not allowed' : 'not possible'} for ${String(seconds)} s: ${message}`,
    },
  });
}
