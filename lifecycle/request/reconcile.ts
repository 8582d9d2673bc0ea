import { formatKey, type Key } from '../../api/kubernetes/meta.ts';
import type { ReconcileContext, Reconciler, ReconcileResult } from '../../kube/runtime/controller.ts';
import { createLoop, hasFinalizer, type LifecycleDependencies, type Loop } from './loop.ts';
import { cleanUpVanished, reconcileActive } from './reconcile-active.ts';
import { reconcileNew } from './reconcile-new.ts';
import { reconcileTerminal } from './reconcile-terminal.ts';
import { type RequestResource, type AnyRequestType } from './request-type.ts';
import { isFinal } from '../request-status.ts';

/** How many requests are remembered, by the kind of memory. */
export type Remembered = Readonly<Record<string, number>>;

/**
 * Creates the reconciler for one kind of requests. Each pass runs the steps until the request succeeds or fails; later passes
 * run the cleanup steps. The terminal phase is written when the cleanup is complete, so an ended request leaves nothing in the
 * cluster. Each pass writes the status at most once.
 */
export function createRequestReconciler(
  deps: LifecycleDependencies,
  type: AnyRequestType,
): Reconciler & { remembered(): Remembered } {
  const loop = createLoop(deps, type);
  return {
    reconcile: (key, context) => reconcile(loop, key, context),
    remembered: () => loop.memory.sizes(),
  };
}

async function reconcile(loop: Loop, key: Key, context: ReconcileContext): Promise<ReconcileResult | void> {
  const id = formatKey(key);
  const request = loop.type.lister.get(id);
  const vanished = loop.memory.track(id, request);
  if (vanished !== undefined) return cleanUpVanished(loop, vanished, context);
  if (request === undefined || loop.store.isStale(request)) return;
  const { uid = '' } = request.metadata;
  return loop.deps.admission.during(uid, () => reconcileRequest(loop, request, context));
}

async function reconcileRequest(
  loop: Loop,
  request: RequestResource,
  context: ReconcileContext,
): Promise<ReconcileResult | void> {
  if (loop.type.isForeign(request)) return;
  if (isFinal(request.status?.phase)) return reconcileTerminal(loop, request, context);
  if (!hasFinalizer(loop, request)) return reconcileNew(loop, request, context);
  return reconcileActive(loop, request, context);
}
