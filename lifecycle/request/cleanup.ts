import { conditionTypes, leftBehind } from '../../api/datamover/v1alpha1/reasons.ts';
import { findCondition } from '../../kube/status/conditions.ts';
import type { AnyMover } from '../../movers/mover.ts';
import type { ChildIdentity } from './child-identity.ts';
import type { RequestScope, RequestStatus } from './request-type.ts';
import { done, runSteps, waiting, type PassResult, type Step, type StepResult } from './step.ts';

/** How often it is looked again whether something is gone that nobody tells of. */
export const LOOK_MS = 1_000;

/** How often a request that has ended tries to remove what it had to leave behind. */
export const TIDY_MS = 60_000;

/** How the way back of a request went in this pass. */
export interface WayBack {
  pass: PassResult;
  /** It is over: nothing is left, or the time for it is up and this is. */
  over?: { left: readonly string[] };
}

/** A step of the way back that has removed all but this. */
export function untilGone(left: readonly string[]): StepResult {
  return left.length === 0
    ? done
    : waiting(`waiting for ${left.join(', ')} to go`, { requeueAfterMs: LOOK_MS });
}

interface MoverScope extends Pick<RequestScope<RequestStatus>, 'signal'> {
  serving: { mover: Pick<AnyMover, 'cleanup'> };
  child: ChildIdentity;
}

/** The first thing on every way back: the mover removes what it has made. */
export const cleanMover: Step<MoverScope> = {
  name: 'clean up mover',
  run: async ({ serving, child, signal }) => untilGone(await serving.mover.cleanup({ ...child, signal })),
};

/**
 * The way back of a request that has ended, in order as long as there is time. A driver that cannot delete, or a node that
 * is lost, must keep neither the request nor its place for ever.
 */
export async function goBack<Scope extends RequestScope<RequestStatus>>(
  steps: readonly Step<Scope>[],
  scope: Scope,
): Promise<WayBack> {
  const now = scope.now.getTime();
  const left = deadlineOf(scope) - now;
  if (left <= 0) return tidy(steps, scope);
  const pass = await runSteps(steps, scope, now);
  if (pass.result.state === 'done') return { pass, over: { left: [] } };
  if (pass.result.state !== 'waiting') return { pass };
  const requeueAfterMs = Math.min(left, pass.result.requeueAfterMs ?? left);
  return { pass: { ...pass, result: { ...pass.result, requeueAfterMs } } };
}

/** Takes every step of the way back, whatever the one before it still waits for. */
export async function tidy<Scope extends RequestScope<RequestStatus>>(
  steps: readonly Step<Scope>[],
  scope: Scope,
): Promise<Required<WayBack>> {
  const left: string[] = [];
  for (const step of steps) {
    const result = await attempt(() => step.run(scope), scope.signal);
    if ('message' in result) left.push(result.message);
  }
  const again = waiting(left.join('; '), { requeueAfterMs: TIDY_MS });
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

/** True for a request that has ended without having removed all that it made. */
export function hasLeftBehind({ conditions }: RequestStatus): boolean {
  return findCondition(conditions, conditionTypes.cleanedUp)?.reason === leftBehind;
}

/** When what is left is left behind, milliseconds since 1970. */
function deadlineOf({ status, serving, now, limits }: RequestScope<RequestStatus>): number {
  // The condition appears when the way back begins.
  const since = findCondition(status.conditions, conditionTypes.cleanedUp)?.lastTransitionTime;
  return limits.endOf(since ?? now.toISOString(), serving.class.spec.deadlines.cleanUpSeconds);
}
