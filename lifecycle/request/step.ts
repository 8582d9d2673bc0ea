import type { FailureReason } from '../../api/datamover/v1alpha1/reasons.ts';

/** How one step of a request ended in this pass. Unexpected trouble is thrown and the pass is tried again. */
export type StepResult =
  /** Nothing left to do here. */
  | { state: 'done' }
  /** Facts were written to the status draft that must be stored before the next step may act. */
  | { state: 'checkpoint' }
  | Waiting
  | { state: 'failed'; reason: FailureReason | 'Canceled'; message: string };

export interface Waiting {
  state: 'waiting';
  /** What for, one line for people. */
  message: string;
  /** Milliseconds since 1970; then the wait becomes a failure. */
  deadline?: { at: number; reason?: FailureReason; message: string };
  /** Look again after this time even if nothing happens. */
  requeueAfterMs?: number;
}

export const done: StepResult = { state: 'done' };
export const checkpoint: StepResult = { state: 'checkpoint' };

export function failed(reason: FailureReason | 'Canceled', message: string): StepResult {
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

/** Where a pass stopped, and why. `done` means that all steps are behind us. */
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

/** A wait beyond its deadline is what the deadline says. */
export function expire(result: StepResult, now: number): StepResult {
  if (result.state !== 'waiting' || result.deadline === undefined || now < result.deadline.at) return result;
  const { reason = 'DeadlineExceeded', message } = result.deadline;
  return failed(reason, message);
}

/**
 * Everything that a request waits for wakes it. Should that ever be missed, it costs this much time rather than the request,
 * whose deadline would come next. In milliseconds.
 */
export const LONGEST_SLEEP_MS = 300_000;

/** When to look again at the latest, in milliseconds; undefined when nothing is waited for. */
export function requeueAfter(result: StepResult, now: number): number | undefined {
  if (result.state !== 'waiting') return undefined;
  const { requeueAfterMs = LONGEST_SLEEP_MS, deadline } = result;
  const left = deadline === undefined ? LONGEST_SLEEP_MS : deadline.at - now;
  return Math.max(0, Math.min(requeueAfterMs, left, LONGEST_SLEEP_MS));
}
