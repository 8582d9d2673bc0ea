import { conditionTypes, leftBehind } from '../../api/common/conditions.ts';
import { findCondition } from '../../kube/status/conditions.ts';
import type { RequestScope } from './request-type.ts';
import type { RequestStatus } from '../request-status.ts';
import { done, runSteps, waiting, type PassResult, type Step, type StepResult } from './step.ts';

/** How often the cleanup checks whether objects that no watch covers are deleted, in milliseconds. */
export const CLEANUP_POLL_MS = 1_000;

/** How often the leftovers of a request in a terminal phase are retried, in milliseconds. */
export const CLEANUP_RETRY_MS = 60_000;

/** The outcome of the cleanup in this pass. */
export interface CleanupResult {
  pass: PassResult;
  /** Set if the cleanup has ended: nothing remains, or its deadline has passed and the objects in `left` remain. */
  over?: { left: readonly string[] };
}

/** Returns the outcome of a cleanup step after which these objects remain. */
export function untilGone(left: readonly string[]): StepResult {
  return left.length === 0
    ? done
    : waiting(`waiting for the deletion of ${left.join(', ')}`, { requeueAfterMs: CLEANUP_POLL_MS });
}

/**
 * Runs the cleanup steps in order until their deadline, then all of them at once. The deadline ensures that a storage driver
 * that cannot delete, or a lost node, never blocks the request or its slot for ever.
 */
export async function runCleanup<Scope extends RequestScope>(
  steps: readonly Step<Scope>[],
  scope: Scope,
): Promise<CleanupResult> {
  const now = scope.now.getTime();
  const left = deadlineOf(scope) - now;
  if (left <= 0) return forceCleanup(steps, scope);
  const pass = await runSteps(steps, scope, now);
  if (pass.result.state === 'done') return { pass, over: { left: [] } };
  if (pass.result.state !== 'waiting') return { pass };
  const requeueAfterMs = Math.min(left, pass.result.requeueAfterMs ?? left);
  return { pass: { ...pass, result: { ...pass.result, requeueAfterMs } } };
}

/** Runs every cleanup step, even if the step before it still waits. */
export async function forceCleanup<Scope extends RequestScope>(
  steps: readonly Step<Scope>[],
  scope: Scope,
): Promise<Required<CleanupResult>> {
  const left: string[] = [];
  for (const step of steps) {
    const result = await attempt(() => step.run(scope), scope.signal);
    if ('message' in result) left.push(result.message);
  }
  const again = waiting(left.join('; '), { requeueAfterMs: CLEANUP_RETRY_MS });
  return { pass: { step: undefined, result: left.length === 0 ? done : again }, over: { left } };
}

async function attempt(
  act: () => Promise<StepResult> | StepResult,
  signal: AbortSignal,
): Promise<StepResult> {
  try {
    return await act();
  } catch (error) {
    if (signal.aborted) throw error;
    return waiting(error instanceof Error ? error.message : String(error));
  }
}

/** Returns true if the request has leftovers. */
export function hasLeftBehind({ conditions }: RequestStatus): boolean {
  return findCondition(conditions, conditionTypes.cleanedUp)?.reason === leftBehind;
}

/** Returns the deadline (milliseconds since 1970) after which remaining objects are abandoned. */
function deadlineOf({ status, resolved, now, limits }: RequestScope): number {
  // The condition is set when the cleanup begins.
  const since = findCondition(status.conditions, conditionTypes.cleanedUp)?.lastTransitionTime;
  return limits.endOf(since ?? now.toISOString(), resolved.deadlines.cleanUpSeconds);
}
