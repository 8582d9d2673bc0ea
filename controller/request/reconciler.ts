import { formatKey, type Key } from '../../api/meta.ts';
import { FINALIZER } from '../../api/v1alpha1/keys.ts';
import type { ReconcileContext, Reconciler, ReconcileResult } from '../../kube/runtime/controller.ts';
import type { Environment } from '../environment.ts';
import { assertCurrent } from './current.ts';
import {
  isFinal,
  type RequestResource,
  type RequestScope,
  type RequestStatus,
  type RequestType,
} from './request.ts';
import { servingForCleanup, type ServingProblem } from './serving.ts';
import { createStatusStore } from './status-store.ts';
import { requeueAfter, runSteps, type PassResult } from './step.ts';
import { summarise } from './summary.ts';

/**
 * Drives requests of one kind: look, take the steps that can be taken, write the status once.
 * A pass goes the way there until the request has succeeded or failed, and from then on the way back; the final
 * phase is written when the way back is through, so nothing that a finished request made is left in the cluster.
 */
export function createRequestReconciler<
  T extends RequestResource<Status>,
  Status extends RequestStatus,
  Scope extends RequestScope<Status>,
>(env: Environment, type: RequestType<T, Status, Scope>): Reconciler {
  const store = createStatusStore<T>(env.client, type.kind);

  async function reconcile(key: Key, context: ReconcileContext): Promise<ReconcileResult | void> {
    const request = type.lister.get(formatKey(key));
    if (request === undefined || store.isStale(request)) return;
    if (isFinal(request.status?.phase)) return letGo(request, context.signal);
    const serving = type.choose(request);
    if (serving === undefined) return;
    const { finalizers = [], deletionTimestamp } = request.metadata;
    const problem = 'reason' in serving ? serving : undefined;
    if (!finalizers.includes(FINALIZER)) {
      // Nothing was begun for it yet, so there is nothing to clean up either.
      if (deletionTimestamp !== undefined) return;
      if (problem !== undefined) return reject(request, problem, context);
      // Before anything is made for the request, it is made sure that its deletion waits for the clean-up.
      return store.setFinalizers(request, [...finalizers, FINALIZER], context.signal);
    }
    return drive(
      type.open({
        request,
        status: draftOf(request),
        serving: 'reason' in serving ? servingForCleanup(env.movers, request.status) : serving,
        now: env.now(),
        assertCurrent: () => assertCurrent(env.client, type.kind, request, context.signal),
        context,
      }),
      request,
      problem,
    );
  }

  async function drive(
    scope: Scope,
    request: T,
    problem: ServingProblem | undefined,
  ): Promise<ReconcileResult> {
    const { status, now, serving, signal } = scope;
    const before = structuredClone(status);
    status.startTimestamp ??= now.toISOString();
    if (problem === undefined) {
      status.dataMoverClass ??= serving.class.metadata.name;
      status.mover ??= serving.mover.name;
    } else if (!hasEnded(status)) {
      status.failure = problem;
    }
    const goingBack = hasEnded(status);
    const pass = await runSteps(goingBack ? type.cleanup : type.steps, scope, now.getTime());
    if (!goingBack && pass.result.state === 'failed') {
      status.failure = { reason: pass.result.reason, message: pass.result.message };
    }
    const cleanedUp = hasEnded(before) && pass.result.state === 'done';
    summarise(type, { request, status, now }, pass, cleanedUp);
    if (await store.write(request, status, signal)) type.report(request, before, status);
    const again = requeueAfter(pass.result, now.getTime());
    return again === undefined ? {} : { requeueAfterMs: again };
  }

  /** A request that can never be served fails without having owned anything. */
  async function reject(request: T, problem: ServingProblem, { signal }: ReconcileContext): Promise<void> {
    const now = env.now();
    const status = draftOf(request);
    const before = structuredClone(status);
    status.startTimestamp ??= now.toISOString();
    status.failure = problem;
    const pass: PassResult = { step: 'class', result: { state: 'failed', ...problem } };
    summarise(type, { request, status, now }, pass, true);
    if (await store.write(request, status, signal)) type.report(request, before, status);
  }

  /** Nothing outside is left, so the object may go whenever its owner wants. */
  async function letGo(request: T, signal: AbortSignal): Promise<void> {
    const { uid = '', finalizers = [] } = request.metadata;
    env.cleaner.forget(uid);
    if (finalizers.includes(FINALIZER)) {
      await store.setFinalizers(
        request,
        finalizers.filter((name) => name !== FINALIZER),
        signal,
      );
    } else {
      store.forget(uid);
    }
  }

  function hasEnded(status: Status): boolean {
    return status.failure !== undefined || type.succeeded(status);
  }

  return { reconcile };
}

function draftOf<Status extends RequestStatus>(request: RequestResource<Status>): Status {
  return structuredClone(request.status ?? {}) as Status;
}
