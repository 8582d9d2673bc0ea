import type { ReconcileContext, ReconcileResult } from '../../kube/runtime/controller.ts';
import { CLEANUP_RETRY_MS, hasLeftBehind } from './run-cleanup.ts';
import { draftOf, hasFinalizer, warnOfLeftovers, type Loop } from './loop.ts';
import { cleanUpNow, patchStatus } from './pass.ts';
import type { RequestResource, RequestScope } from './request-type.ts';

/**
 * Reconciles a request in a terminal phase: removes its leftovers, then the finalizer, then orphans. A deletion waits for
 * leftovers no longer than a cleanup may take.
 */
export async function reconcileTerminal(
  loop: Loop,
  request: RequestResource,
  context: ReconcileContext,
): Promise<ReconcileResult | void> {
  if (!hasFinalizer(loop, request)) {
    forgetEnded(loop, request);
    return removeOrphans(loop, request, context);
  }
  if (!hasLeftBehind(draftOf(request))) return removeFinalizer(loop, request, context);
  const resolution = loop.type.resolve(request);
  if (resolution === undefined) return;
  const resolved = 'reason' in resolution ? loop.type.cleanupContext(request) : resolution;
  const { scope, result } = await cleanUpNow(loop, request, { resolved, context });
  if (result.over.left.length > 0 && isGivenUp(request, scope)) {
    warnOfLeftovers(loop, request, result.over.left);
    return removeFinalizer(loop, request, context);
  }
  return patchStatus(loop, { request, ...scope }, result);
}

async function removeFinalizer(
  loop: Loop,
  request: RequestResource,
  { signal }: ReconcileContext,
): Promise<void> {
  loop.memory.setInactive(request);
  const { finalizers = [] } = request.metadata;
  await loop.store.setFinalizers(
    request,
    finalizers.filter((name) => name !== loop.deps.vocabulary.finalizer),
    signal,
  );
}

function forgetEnded({ memory, store }: Loop, request: RequestResource): void {
  memory.setInactive(request);
  store.forget(request.metadata.uid ?? '');
}

/** Removes children that were created after the cleanup. */
async function removeOrphans(
  loop: Loop,
  request: RequestResource,
  context: ReconcileContext,
): Promise<ReconcileResult | void> {
  const { type, deps } = loop;
  const dueAt = type.orphans.dueAt(request);
  if (dueAt === undefined) return;
  const left = dueAt - deps.now().getTime();
  if (left > 0) return { requeueAfterMs: left };
  if (!(await type.orphans.exist(request, context.signal))) return;
  const { result } = await cleanUpNow(loop, request, { resolved: type.cleanupContext(request), context });
  deps.cleaner.forget(request.metadata.uid ?? '');
  if (result.over.left.length > 0) return { requeueAfterMs: CLEANUP_RETRY_MS };
}

/** Returns true if the request was deleted longer ago than a cleanup may take. */
function isGivenUp(
  { metadata: { deletionTimestamp } }: RequestResource,
  { now, resolved, limits }: RequestScope,
): boolean {
  if (deletionTimestamp === undefined) return false;
  return now.getTime() >= limits.endOf(deletionTimestamp, resolved.deadlines.cleanUpSeconds);
}
