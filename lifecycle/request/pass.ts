import type { ReconcileContext, ReconcileResult } from '../../kube/runtime/controller.ts';
import { assertCurrent } from './assert-current.ts';
import { canceled, type Canceled } from './canceled.ts';
import { classifyThrown } from './classify-thrown.ts';
import { forceCleanup, hasLeftBehind, runCleanup, type CleanupResult } from './run-cleanup.ts';
import { draftOf, hasEnded, warnOfLeftovers, type Loop } from './loop.ts';
import type { ResolutionProblem, ResolvedContext, RequestResource, RequestScope } from './request-type.ts';
import type { RequestStatus } from '../request-status.ts';
import { summarise } from './status-summary.ts';
import { expire, requeueAfter, runSteps, waiting, type PassResult } from './step.ts';

/** A request with the draft of its status. */
export interface Draft {
  request: RequestResource;
  status: RequestStatus;
  now: Date;
  signal: AbortSignal;
}

export function openScope(
  { deps, type, memory }: Loop,
  {
    request,
    resolved,
    context,
  }: { request: RequestResource; resolved: ResolvedContext; context: ReconcileContext },
): RequestScope {
  const now = deps.now();
  const status = draftOf(request);
  status.startTimestamp ??= now.toISOString();
  return type.open({
    request,
    status,
    resolved,
    now,
    limits: memory.limitsOf(request),
    assertCurrent: () => assertCurrent(deps.client, type.kind, request, context.signal),
    context,
  });
}

/** Runs the steps until the request succeeds or fails; later passes run the cleanup steps. */
export async function runPass(
  loop: Loop,
  scope: RequestScope,
  request: RequestResource,
): Promise<ReconcileResult> {
  const draft = { request, ...scope };
  if (!hasEnded(loop, scope.status))
    return patchStatus(loop, draft, { pass: await runUntilEnd(loop, scope, request) });
  const { pass, over } = await runCleanup(loop.type.cleanup, scope);
  // The outcome is stored in one pass, the terminal phase in a later one.
  const isOver = over !== undefined && hasEnded(loop, draftOf(request));
  return patchStatus(loop, draft, isOver ? { pass, over } : { pass });
}

async function runUntilEnd(loop: Loop, scope: RequestScope, request: RequestResource): Promise<PassResult> {
  const { type } = loop;
  const pass = await runAndClassify(loop, scope, request.metadata.uid ?? '');
  if (pass.result.state !== 'failed') return pass;
  const { reason, message } = pass.result;
  const pauseMs = type.tryAgain?.(request, scope.status, { reason, message }, scope.now);
  if (pauseMs !== undefined) return { ...pass, result: waiting(message, { requeueAfterMs: pauseMs }) };
  scope.status.failure = canceled(type, request, scope.status) ?? { reason, message };
  return pass;
}

async function runAndClassify({ type, memory }: Loop, scope: RequestScope, uid: string): Promise<PassResult> {
  const now = scope.now.getTime();
  try {
    const pass = await runSteps(type.steps, scope, now);
    memory.errorStreaks.clear(uid);
    return pass;
  } catch (error) {
    const result = classifyThrown(error, memory.errorStreaks.lasted(uid), scope);
    return { step: undefined, result: expire(result, now) };
  }
}

/** Writes the status after a pass, notifies reporters and observers, and returns when to reconcile again. */
export async function patchStatus(
  loop: Loop,
  { request, status, now, signal }: Draft,
  result: CleanupResult,
): Promise<ReconcileResult> {
  const { deps, type, store } = loop;
  status.servedBy ??= deps.self;
  summarise(type, { request, status, now }, result);
  const { written, retryAfterMs } = await store.write(request, status, signal);
  if (written) {
    const before = draftOf(request);
    type.report(request, before, status);
    for (const observer of deps.observers) observer.wrote(request, before, status);
    if (hasLeftBehind(status) && !hasLeftBehind(before))
      warnOfLeftovers(loop, request, result.over?.left ?? []);
  }
  const again = earliest(requeueAfter(result.pass.result, now.getTime()), retryAfterMs);
  return again === undefined ? {} : { requeueAfterMs: again };
}

/** Waits for a problem to be solved if the request type retries it; returns undefined if it does not. */
export async function retryResolution(
  loop: Loop,
  request: RequestResource,
  { problem, context: { signal } }: { problem: ResolutionProblem; context: ReconcileContext },
): Promise<ReconcileResult | undefined> {
  const now = loop.deps.now();
  const status = draftOf(request);
  const pauseMs = loop.type.tryAgain?.(request, status, problem, now);
  if (pauseMs === undefined) return undefined;
  status.startTimestamp ??= now.toISOString();
  const result = waiting(problem.message, { requeueAfterMs: pauseMs });
  return patchStatus(loop, { request, status, now, signal }, { pass: { step: 'resolve', result } });
}

/** Ends a request for which nothing was created. */
export async function failRequest(
  loop: Loop,
  request: RequestResource,
  { failure, context: { signal } }: { failure: ResolutionProblem | Canceled; context: ReconcileContext },
): Promise<void> {
  const now = loop.deps.now();
  const status = draftOf(request);
  status.startTimestamp ??= now.toISOString();
  status.failure = failure;
  const pass: PassResult = { step: 'resolve', result: { state: 'failed', ...failure } };
  await patchStatus(loop, { request, status, now, signal }, { pass, over: { left: [] } });
}

/**
 * Claims a request that a controller of another installation could serve too. The write is conditional, so only one controller
 * succeeds.
 */
export async function claimRequest(
  { deps, store }: Loop,
  request: RequestResource,
  { signal }: ReconcileContext,
): Promise<void> {
  await store.write(request, { ...draftOf(request), servedBy: deps.self }, signal);
}

/** Runs all cleanup steps of a request, even if an earlier one still waits. Returns what remains. */
export async function cleanUpNow(
  loop: Loop,
  request: RequestResource,
  { resolved, context }: { resolved: ResolvedContext; context: ReconcileContext },
): Promise<{ scope: RequestScope; result: Required<CleanupResult> }> {
  const scope = openScope(loop, { request, resolved, context });
  return { scope, result: await forceCleanup(loop.type.cleanup, scope) };
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
