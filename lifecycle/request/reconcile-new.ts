import type { ReconcileContext, ReconcileResult } from '../../kube/runtime/controller.ts';
import { canceled } from './canceled.ts';
import { draftOf, type Loop } from './loop.ts';
import { claimRequest, failRequest, patchStatus, retryResolution } from './pass.ts';
import type { RequestResource, ResolutionProblem } from './request-type.ts';
import { waiting } from './step.ts';

/** Reconciles a request for which nothing was created yet. */
export async function reconcileNew(
  loop: Loop,
  request: RequestResource,
  context: ReconcileContext,
): Promise<ReconcileResult | void> {
  const { type } = loop;
  const unwanted = canceled(type, request, draftOf(request));
  if (unwanted !== undefined) {
    const isServed = type.resolve(request) !== undefined;
    if (isServed && !isBeingDeleted(request))
      await failRequest(loop, request, { failure: unwanted, context });
    return;
  }
  const missing = type.missing?.(request);
  if (missing !== undefined) return waitForMissing(loop, request, { missing, context });
  const resolved = type.resolve(request);
  if (resolved === undefined) return;
  if ('reason' in resolved) return waitForResolution(loop, request, { problem: resolved, context });
  if (type.mustBeClaimed(request)) return claimRequest(loop, request, context);
  return (await waitUntilDue(loop, request, context)) ?? addFinalizer(loop, request, context);
}

async function waitForMissing(
  loop: Loop,
  request: RequestResource,
  {
    missing: { since, seconds, ...problem },
    context,
  }: {
    missing: ResolutionProblem & { since: string | undefined; seconds: number };
    context: ReconcileContext;
  },
): Promise<ReconcileResult> {
  const left = loop.memory.limitsOf(request).endOf(since, seconds) - loop.deps.now().getTime();
  if (left > 0) return { requeueAfterMs: left };
  // Only the controller that serves it may fail it.
  if (loop.type.resolve(request) !== undefined)
    await failRequest(loop, request, { failure: problem, context });
  return {};
}

async function waitForResolution(
  loop: Loop,
  request: RequestResource,
  { problem, context }: { problem: ResolutionProblem; context: ReconcileContext },
): Promise<ReconcileResult | void> {
  const left = graceLeft(loop, request, problem);
  if (left > 0) return { requeueAfterMs: left };
  const retry = await retryResolution(loop, request, { problem, context });
  if (retry !== undefined || isBeingDeleted(request)) return retry;
  return failRequest(loop, request, { failure: problem, context });
}

async function waitUntilDue(
  loop: Loop,
  request: RequestResource,
  { signal }: ReconcileContext,
): Promise<ReconcileResult | undefined> {
  const dueAt = loop.type.notBefore?.(request);
  const now = loop.deps.now();
  if (dueAt === undefined || dueAt <= now.getTime()) return undefined;
  const result = waiting(`due at ${new Date(dueAt).toISOString()}`, {
    requeueAfterMs: dueAt - now.getTime(),
  });
  return patchStatus(
    loop,
    { request, status: draftOf(request), now, signal },
    { pass: { step: 'due', result } },
  );
}

/** Adds the finalizer before any child is created, so a deletion of the request waits for its cleanup. */
async function addFinalizer(
  loop: Loop,
  request: RequestResource,
  { signal }: ReconcileContext,
): Promise<void> {
  if (isBeingDeleted(request)) return;
  const { finalizers = [] } = request.metadata;
  await loop.store.setFinalizers(request, [...finalizers, loop.deps.vocabulary.finalizer], signal);
}

/** Returns the milliseconds during which a problem may still disappear by itself. */
function graceLeft(
  { deps, type, memory }: Loop,
  request: RequestResource,
  problem: ResolutionProblem,
): number {
  const seconds = type.graceSeconds?.(problem) ?? 0;
  if (seconds === 0) return 0;
  const end = memory.limitsOf(request).endOf(request.metadata.creationTimestamp, seconds);
  return end - deps.now().getTime();
}

function isBeingDeleted({ metadata }: RequestResource): boolean {
  return metadata.deletionTimestamp !== undefined;
}
