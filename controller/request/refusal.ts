import { isForbidden, isInvalid } from '../../kube/client/kube-error.ts';
import type { RequestScope, RequestStatus } from './request.ts';
import { failed, waiting, type StepResult } from './step.ts';

/** A refusal that may be lifted (a quota, a right) is tried again this often. */
const RETRY_MS = 30_000;

/**
 * What it means for a request on its way that the API server said no. Anything else that was thrown is trouble of the
 * moment, and thrown on.
 */
export function refusal(
  error: unknown,
  { status, serving }: Pick<RequestScope<RequestStatus>, 'status' | 'serving'>,
): StepResult {
  // What is called invalid now will be called invalid every time.
  if (isInvalid(error)) return failed('InvalidRequest', error.message);
  if (!isForbidden(error)) throw error;
  const { message } = error;
  const seconds = serving.class.spec.deadlines.stagingSeconds;
  return waiting(message, {
    requeueAfterMs: RETRY_MS,
    deadline: {
      at: lastStepAt(status) + seconds * 1000,
      message: `not allowed for ${String(seconds)} s: ${message}`,
    },
  });
}

/** When the request last got somewhere. */
function lastStepAt({ startTimestamp, conditions = [] }: RequestStatus): number {
  const steps = conditions.filter(({ status }) => status === 'True').map((c) => c.lastTransitionTime);
  return Math.max(...[startTimestamp ?? '', ...steps].map((time) => Date.parse(time) || 0));
}
