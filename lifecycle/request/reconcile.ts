import { formatKey, keyOf, type Key, type Resource } from '../../api/kubernetes/meta.ts';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import type { ReconcileContext, Reconciler, ReconcileResult } from '../../kube/runtime/controller.ts';
import { eventReasons } from '../../api/datamover/v1alpha1/reasons.ts';
import type { Environment } from '../../controller/datamover/environment.ts';
import { installationOf, isElsewhere } from '../../controller/datamover/installation.ts';
import { targetOf } from '../observe/lifecycle-events.ts';
import { goBack, hasLeftBehind, LOOK_MS, tidy, TIDY_MS, type WayBack } from './cleanup.ts';
import { assertCurrent } from './assert-current.ts';
import { canceled, type Canceled } from './canceled.ts';
import { createLateChildren } from '../../controller/datamover/orphaned-children.ts';
import { refusal } from './classify-thrown.ts';
import {
  isFinal,
  type RequestResource,
  type RequestScope,
  type RequestStatus,
  type RequestType,
} from './request-type.ts';
import {
  isForeign,
  keepMover,
  servingForCleanup,
  type Serving,
  type ServingProblem,
} from '../../controller/datamover/resolution/resolve-class.ts';
import { createStatusStore } from './status-store.ts';
import { expire, requeueAfter, runSteps, waiting, type PassResult } from './step.ts';
import { summarise } from './status-summary.ts';
import { createTimeKeeper, type TimeLimits } from './time-limits.ts';
import { createTroubles } from './error-streak.ts';

/** Of how many requests something is remembered, by what that is. */
export type Remembered = Readonly<Record<string, number>>;

/**
 * Drives requests of one kind: look, take the steps that can be taken, write the status once.
 * A pass goes the way there until the request has succeeded or failed, and from then on the way back; the final
 * phase is written when the way back is through, so nothing that a finished request made is left in the cluster.
 */
export function createRequestReconciler<
  T extends RequestResource<Status>,
  Status extends RequestStatus,
  Scope extends RequestScope<Status>,
>(env: Environment, type: RequestType<T, Status, Scope>): Reconciler & { remembered(): Remembered } {
  const store = createStatusStore<T>(env.client, type.kind, env.clock);
  const troubles = createTroubles(env.clock);
  const keeper = createTimeKeeper(env.clock);
  const late = createLateChildren(env);
  /** Those that are on their way, as they were last seen. */
  const underWay = new Map<string, T>();
  /** Uids of those that something is remembered of, by key. */
  const uids = new Map<string, string>();

  async function reconcile(key: Key, context: ReconcileContext): Promise<ReconcileResult | void> {
    const id = formatKey(key);
    const request = type.lister.get(id);
    const lost = underWay.get(id);
    if (lost !== undefined && !isSame(lost, request)) return mourn(lost, context);
    note(id, request);
    if (request === undefined || store.isStale(request)) return;
    return env.admission.during(request.metadata.uid ?? '', () => look(request, context));
  }

  async function look(request: T, context: ReconcileContext): Promise<ReconcileResult | void> {
    if (isOthers(request)) return;
    if (isFinal(request.status?.phase)) return finish(request, context);
    if (!isHeld(request)) return beginOrEnd(request, context);
    const serving = keepMover(env.movers, request.status?.mover, type.choose(request));
    if (serving === undefined) return;
    if (isUnclaimed(request, serving)) return claim(request, context.signal);
    underWay.set(formatKey(keyOf(request)), request);
    return 'reason' in serving
      ? ((await postpone(request, serving, context)) ?? giveUp(request, serving, context))
      : drive(openPass(request, serving, context), request);
  }

  /**
   * A request that went although our finalizer was on it: somebody has taken that away. What was made for it must go all the same,
   * before another of its name is looked at.
   */
  async function mourn(lost: T, context: ReconcileContext): Promise<ReconcileResult> {
    const scope = openPass(lost, servingForCleanup(env.movers, lost.status), context);
    const { over } = await tidy(type.cleanup, scope);
    if (over.left.length > 0) return { requeueAfterMs: LOOK_MS };
    forget(formatKey(keyOf(lost)), lost.metadata.uid ?? '');
    return { requeueAfterMs: 0 };
  }

  /** Nothing is kept of a request that is gone, or whose name another one has. */
  function note(id: string, request: T | undefined): void {
    const { uid } = request?.metadata ?? {};
    const known = uids.get(id);
    if (known !== undefined && known !== uid) forget(id, known);
    if (uid !== undefined) uids.set(id, uid);
  }

  function forget(id: string, uid: string): void {
    underWay.delete(id);
    uids.delete(id);
    env.cleaner.forget(uid);
    troubles.clear(uid);
    keeper.forget(uid);
    store.forget(uid);
  }

  /** Looks at a request for which nothing has been made yet. */
  function beginOrEnd(request: T, context: ReconcileContext): Promise<ReconcileResult | void> {
    const unwanted = canceled(type, request, draftOf(request));
    return unwanted === undefined ? begin(request, context) : end(request, unwanted, context);
  }

  async function begin(request: T, context: ReconcileContext): Promise<ReconcileResult | void> {
    const missing = type.missing?.(request);
    if (missing !== undefined) return awaitMissing(request, missing, context);
    const serving = keepMover(env.movers, request.status?.mover, type.choose(request));
    if (serving === undefined) return;
    if (isUnclaimed(request, serving)) return claim(request, context.signal);
    if (!('reason' in serving))
      return (await waitUntilDue(request, context)) ?? take(request, undefined, context);
    const left = graceLeft(request, serving);
    if (left > 0) return { requeueAfterMs: left };
    return (await postpone(request, serving, context)) ?? take(request, serving, context);
  }

  /** Whether the request says itself that it is another controller's. */
  function isOthers(request: T): boolean {
    return isForeign(env.movers, request) || isElsewhere(request, env.namespace);
  }

  /** Whether the controller of another installation might take it up as well. */
  function isUnclaimed(request: T, serving: Serving | ServingProblem): boolean {
    return type.isShared && !('reason' in serving) && installationOf(request) === undefined;
  }

  /** Only one of two controllers can write this, because the write is conditional on what was read. */
  async function claim(request: T, signal: AbortSignal): Promise<void> {
    const status = { ...draftOf(request), servedBy: env.self };
    await store.write(request, status, signal);
  }

  /** Its owner needs it no more, and nothing was made for it. */
  async function end(request: T, reason: Canceled, context: ReconcileContext): Promise<void> {
    const isServed = keepMover(env.movers, request.status?.mover, type.choose(request)) !== undefined;
    if (isServed && request.metadata.deletionTimestamp === undefined) await reject(request, reason, context);
  }

  async function awaitMissing(
    request: T,
    { since, seconds, ...problem }: ServingProblem & { since: string | undefined; seconds: number },
    context: ReconcileContext,
  ): Promise<ReconcileResult> {
    const left = limitsOf(request).endOf(since, seconds) - env.now().getTime();
    if (left > 0) return { requeueAfterMs: left };
    // The controller that serves its class refuses it, and no other.
    if (type.choose(request) !== undefined) await reject(request, problem, context);
    return {};
  }

  async function waitUntilDue(
    request: T,
    { signal }: ReconcileContext,
  ): Promise<ReconcileResult | undefined> {
    const dueAt = type.notBefore?.(request);
    const now = env.now();
    if (dueAt === undefined || dueAt <= now.getTime()) return undefined;
    const result = waiting(`due at ${new Date(dueAt).toISOString()}`, {
      requeueAfterMs: dueAt - now.getTime(),
    });
    return conclude({ request, status: draftOf(request), now, signal }, { pass: { step: 'due', result } });
  }

  /** Before anything is made for a request, it is made sure that its deletion waits for the clean-up. */
  async function take(
    request: T,
    problem: ServingProblem | undefined,
    context: ReconcileContext,
  ): Promise<void> {
    const { finalizers = [], deletionTimestamp } = request.metadata;
    // Nothing was begun for it yet, so there is nothing to clean up either.
    if (deletionTimestamp !== undefined) return;
    if (problem !== undefined) return reject(request, problem, context);
    return store.setFinalizers(request, [...finalizers, FINALIZER], context.signal);
  }

  /** What stands in the way of serving it may be put right: it says what, and comes again. */
  async function postpone(
    request: T,
    problem: ServingProblem,
    { signal }: ReconcileContext,
  ): Promise<ReconcileResult | undefined> {
    const now = env.now();
    const status = draftOf(request);
    const pauseMs = type.tryAgain?.(request, status, problem, now);
    if (pauseMs === undefined) return undefined;
    status.startTimestamp ??= now.toISOString();
    const result = waiting(problem.message, { requeueAfterMs: pauseMs });
    return conclude({ request, status, now, signal }, { pass: { step: 'class', result } });
  }

  /** Its class went or broke after work had begun: what was made must go all the same. */
  function giveUp(request: T, problem: ServingProblem, context: ReconcileContext): Promise<ReconcileResult> {
    const scope = openPass(request, servingForCleanup(env.movers, request.status), context);
    if (!hasEnded(scope.status)) scope.status.failure = canceled(type, request, scope.status) ?? problem;
    return drive(scope, request);
  }

  function openPass(request: T, serving: Serving, context: ReconcileContext): Scope {
    const now = env.now();
    const status = draftOf(request);
    status.startTimestamp ??= now.toISOString();
    if (serving.class.metadata.name !== '') {
      status.dataMoverClass ??= serving.class.metadata.name;
      status.mover ??= serving.mover.name;
    }
    const current = (): Promise<void> => assertCurrent(env.client, type.kind, request, context.signal);
    return type.open({
      request,
      status,
      serving,
      now,
      limits: limitsOf(request),
      assertCurrent: current,
      context,
    });
  }

  async function drive(scope: Scope, request: T): Promise<ReconcileResult> {
    const { status, now, signal } = scope;
    if (!hasEnded(status))
      return conclude({ request, status, now, signal }, { pass: await goOn(scope, request) });
    const { pass, over } = await goBack(type.cleanup, scope);
    // How it ended is written down before its last phase is.
    const isOver = over !== undefined && hasEnded(draftOf(request));
    return conclude({ request, status, now, signal }, isOver ? { pass, over } : { pass });
  }

  /** Writes down what a pass has found, tells what is new, and says when to look again. */
  async function conclude(
    { request, status, now, signal }: { request: T; status: Status; now: Date; signal: AbortSignal },
    way: WayBack,
  ): Promise<ReconcileResult> {
    status.servedBy ??= env.self;
    summarise(type, { request, status, now }, way);
    const { written, retryAfterMs } = await store.write(request, status, signal);
    if (written) {
      type.report(request, draftOf(request), status);
      for (const observer of env.observers) observer.wrote(request, draftOf(request), status);
      if (hasLeftBehind(status) && !hasLeftBehind(draftOf(request))) warn(request, way.over?.left ?? []);
    }
    const again = earliest(requeueAfter(way.pass.result, now.getTime()), retryAfterMs);
    return again === undefined ? {} : { requeueAfterMs: again };
  }

  async function goOn(scope: Scope, request: T): Promise<PassResult> {
    const pass = await takeSteps(scope, request.metadata.uid ?? '');
    if (pass.result.state === 'failed') {
      const { reason, message } = pass.result;
      const pauseMs = type.tryAgain?.(request, scope.status, { reason, message }, scope.now);
      if (pauseMs !== undefined) return { ...pass, result: waiting(message, { requeueAfterMs: pauseMs }) };
      scope.status.failure = canceled(type, request, scope.status) ?? { reason, message };
    }
    return pass;
  }

  /** A request that can never be served fails without having owned anything. */
  async function reject(
    request: T,
    problem: ServingProblem | Canceled,
    { signal }: ReconcileContext,
  ): Promise<void> {
    const now = env.now();
    const status = draftOf(request);
    status.startTimestamp ??= now.toISOString();
    status.failure = problem;
    const pass: PassResult = { step: 'class', result: { state: 'failed', ...problem } };
    await conclude({ request, status, now, signal }, { pass, over: { left: [] } });
  }

  /**
   * What had to be left behind is not given up while the request stands. Its deletion waits for that, once more as long as
   * a clean-up may last.
   */
  async function finish(request: T, context: ReconcileContext): Promise<ReconcileResult | void> {
    if (!isHeld(request)) {
      await letGo(request, context.signal);
      return sweep(request, context);
    }
    if (!hasLeftBehind(draftOf(request))) return letGo(request, context.signal);
    const serving = keepMover(env.movers, request.status?.mover, type.choose(request));
    if (serving === undefined) return;
    const usable = 'reason' in serving ? servingForCleanup(env.movers, request.status) : serving;
    const scope = openPass(request, usable, context);
    const { pass, over } = await tidy(type.cleanup, scope);
    if (over.left.length > 0 && isGivenUp(request, scope)) {
      warn(request, over.left);
      return letGo(request, context.signal);
    }
    const { status, now, signal } = scope;
    return conclude({ request, status, now, signal }, { pass, over });
  }

  /** What came when all was gone goes the way that all the others went. */
  async function sweep(request: T, context: ReconcileContext): Promise<ReconcileResult | void> {
    const dueAt = late.dueAt(request);
    if (dueAt === undefined) return;
    const left = dueAt - env.now().getTime();
    if (left > 0) return { requeueAfterMs: left };
    if (!(await late.stand(request, context.signal))) return;
    const scope = openPass(request, servingForCleanup(env.movers, request.status), context);
    const { over } = await tidy(type.cleanup, scope);
    env.cleaner.forget(request.metadata.uid ?? '');
    if (over.left.length > 0) return { requeueAfterMs: TIDY_MS };
  }

  function warn(request: T, left: readonly string[]): void {
    const text = `not everything that was made for it could be removed: ${left.join('; ')}`;
    env.reporter.report([targetOf(request)], 'Warning', eventReasons.warning, text);
  }

  /** Nothing outside is left, so the object may go whenever its owner wants. */
  async function letGo(request: T, signal: AbortSignal): Promise<void> {
    const { uid = '', finalizers = [] } = request.metadata;
    underWay.delete(formatKey(keyOf(request)));
    env.cleaner.forget(uid);
    troubles.clear(uid);
    keeper.forget(uid);
    const others = finalizers.filter((name) => name !== FINALIZER);
    if (others.length < finalizers.length) await store.setFinalizers(request, others, signal);
    else store.forget(uid);
  }

  async function takeSteps(scope: Scope, uid: string): Promise<PassResult> {
    const now = scope.now.getTime();
    try {
      const pass = await runSteps(type.steps, scope, now);
      troubles.clear(uid);
      return pass;
    } catch (error) {
      const result = refusal(error, troubles.lasted(uid), scope);
      return { step: undefined, result: expire(result, now) };
    }
  }

  const limitsOf = ({ metadata }: T): TimeLimits => keeper.of(metadata.uid ?? '');

  /** For how long a problem may still pass by itself, in milliseconds. */
  function graceLeft(request: T, { reason }: ServingProblem): number {
    if (reason !== 'ClassNotFound' && reason !== 'NoClass') return 0;
    const end = limitsOf(request).endOf(request.metadata.creationTimestamp, CLASS_GRACE_SECONDS);
    return end - env.now().getTime();
  }

  function hasEnded(status: Status): boolean {
    return status.failure !== undefined || type.succeeded(status);
  }

  return {
    reconcile,
    remembered: () => ({
      uids: uids.size,
      underWay: underWay.size,
      written: store.size,
      troubles: troubles.size,
      limits: keeper.size,
    }),
  };
}

/** How long a new request waits for its class: both may be applied together, in either order. */
const CLASS_GRACE_SECONDS = 10;

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** True when its owner has wanted it gone for as long as a clean-up may last. */
function isGivenUp(
  { metadata: { deletionTimestamp } }: Resource,
  { now, serving, limits }: RequestScope<RequestStatus>,
): boolean {
  if (deletionTimestamp === undefined) return false;
  return now.getTime() >= limits.endOf(deletionTimestamp, serving.class.spec.deadlines.cleanUpSeconds);
}

function isSame(a: Resource, b: Resource | undefined): boolean {
  return a.metadata.uid === b?.metadata.uid;
}

function isHeld({ metadata }: Resource): boolean {
  return metadata.finalizers?.includes(FINALIZER) === true;
}

function draftOf<Status extends RequestStatus>(request: RequestResource<Status>): Status {
  return structuredClone(request.status ?? {}) as Status;
}
