/** The outcome of one step in this pass. Unexpected errors are thrown, and the pass is retried. */
export type StepResult =
  /** Nothing is left to do in this step. */
  | { state: 'done' }
  /** The draft has new facts that must be stored before the next step acts. */
  | { state: 'checkpoint' }
  | Waiting
  | { state: 'failed'; reason: string; message: string };

export interface Waiting {
  state: 'waiting';
  /** What the step waits for; one line for people. */
  message: string;
  /** `at` is in milliseconds since 1970. After it the wait counts as a failure. */
  deadline?: { at: number; reason?: string; message: string };
  /** Reconcile again after this time even if no event arrives. */
  requeueAfterMs?: number;
}

export const done: StepResult = { state: 'done' };
export const checkpoint: StepResult = { state: 'checkpoint' };

export function failed(reason: string, message: string): StepResult {
  return { state: 'failed', reason, message };
}

export function waiting(message: string, more: Omit<Waiting, 'state' | 'message'> = {}): Waiting {
  return { state: 'waiting', message, ...more };
}

/** A named step over a scope. */
export interface Step<Scope> {
  name: string;
  run(scope: Scope): Promise<StepResult> | StepResult;
}

/** The step at which a pass stopped, and its result. `done` without a step: all steps are done. */
export interface PassResult {
  step: string | undefined;
  result: StepResult;
}

/** Runs the steps in order until one is not done. A wait beyond its deadline counts as failed. */
export async function runSteps<Scope>(
  steps: readonly Step<Scope>[],
  scope: Scope,
  now: number,
): Promise<PassResult> {
  for (const step of steps) {
    const result = expire(await step.run(scope), now);
    if (result.state !== 'done') return { step: step.name, result };
  }
  return { step: undefined, result: done };
}

/** Returns a failure if a wait has passed its deadline, otherwise the result itself. */
export function expire(result: StepResult, now: number): StepResult {
  if (result.state !== 'waiting' || result.deadline === undefined || now < result.deadline.at) return result;
  const { reason = 'DeadlineExceeded', message } = result.deadline;
  return failed(reason, message);
}

/**
 * The longest time between two passes over a waiting request, in milliseconds. Every awaited change enqueues the request; if
 * such an event is missed, this limit keeps the request from waiting until its deadline.
 */
export const LONGEST_SLEEP_MS = 300_000;

/** Returns the milliseconds until the next pass at the latest; undefined if the request does not wait. */
export function requeueAfter(result: StepResult, now: number): number | undefined {
  if (result.state !== 'waiting') return undefined;
  const { requeueAfterMs = LONGEST_SLEEP_MS, deadline } = result;
  const left = deadline === undefined ? LONGEST_SLEEP_MS : deadline.at - now;
  return Math.max(0, Math.min(requeueAfterMs, left, LONGEST_SLEEP_MS));
}
