import type { ReconcileContext, ReconcileResult } from '../../kube/runtime/controller.ts';
import { canceled } from './canceled.ts';
import { CLEANUP_POLL_MS } from './run-cleanup.ts';
import { hasEnded, type Loop } from './loop.ts';
import { claimRequest, cleanUpNow, openScope, retryResolution, runPass } from './pass.ts';
import type { RequestResource, ResolutionProblem } from './request-type.ts';

/** Reconciles a request that has our finalizer and has not ended. */
export async function reconcileActive(
  loop: Loop,
  request: RequestResource,
  context: ReconcileContext,
): Promise<ReconcileResult | void> {
  const { type, memory } = loop;
  const resolved = type.resolve(request);
  if (resolved === undefined) return;
  if (!('reason' in resolved) && type.mustBeClaimed(request)) return claimRequest(loop, request, context);
  memory.setActive(request);
  if ('reason' in resolved) return failUnresolved(loop, request, { problem: resolved, context });
  return runPass(loop, openScope(loop, { request, resolved, context }), request);
}

/** Fails a request that can no longer be served after its work began, and cleans up its children. */
async function failUnresolved(
  loop: Loop,
  request: RequestResource,
  { problem, context }: { problem: ResolutionProblem; context: ReconcileContext },
): Promise<ReconcileResult> {
  const retry = await retryResolution(loop, request, { problem, context });
  if (retry !== undefined) return retry;
  const { type } = loop;
  const scope = openScope(loop, { request, resolved: type.cleanupContext(request), context });
  if (!hasEnded(loop, scope.status)) scope.status.failure = canceled(type, request, scope.status) ?? problem;
  return runPass(loop, scope, request);
}

/**
 * Cleans up a request that was deleted although it had our finalizer (someone removed it). A new request with the same name is
 * not reconciled until this is complete.
 */
export async function cleanUpVanished(
  loop: Loop,
  request: RequestResource,
  context: ReconcileContext,
): Promise<ReconcileResult> {
  const resolved = loop.type.cleanupContext(request);
  const { result } = await cleanUpNow(loop, request, { resolved, context });
  if (result.over.left.length > 0) return { requeueAfterMs: CLEANUP_POLL_MS };
  loop.memory.forget(request);
  return { requeueAfterMs: 0 };
}
