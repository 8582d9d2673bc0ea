import { targetOf } from '../../../lifecycle/observe/event-target.ts';
import { isLeaving, keeperOf } from '../../../api/datamover/v1alpha1/class-resolution.ts';
import { annotations, FINALIZER } from '../../../api/datamover/v1alpha1/keys.ts';
import { hasFinalizer } from '../../../kube/status/finalizers.ts';
import type { Matches } from './matches.ts';
import type { Usage } from './usage.ts';
import type { Mover } from '../../../movers/mover.ts';
import { accessModes, volumeModes } from '../../../api/datamover/v1alpha1/schema.ts';
import { formatKey, type Key } from '../../../api/kubernetes/meta.ts';
import type {
  DataMoverClass,
  DataMoverClassStatus,
} from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import { dataMoverClasses } from '../../../api/datamover/v1alpha1/kinds.ts';
import { conditionTypes, eventReasons } from '../../../api/datamover/v1alpha1/reasons.ts';
import type { ReconcileContext, Reconciler, ReconcileResult } from '../../../kube/runtime/controller.ts';
import { findCondition } from '../../../kube/status/conditions.ts';
import type { Environment } from '../environment.ts';
import type { Serving, ServingProblem } from '../resolution/resolve-class.ts';
import { speaker } from '../../../lifecycle/observe/reporter.ts';
import { createStatusStore } from '../../../lifecycle/request/status-store.ts';
import { conditionsOf, farewell } from './conditions.ts';
import { createInspector } from './inspection.ts';
import { judgeClass } from './validate.ts';

/** What a class needs is known when its settings can be read. */
const NOTHING_TO_INSPECT = { findings: [], goodForMs: Infinity };

/** Our copy is older than what we have written: the new one is on its way. */
const BEHIND = { requeueAfterMs: 1_000 };

/** A request that got the class at the last moment is known to have it by then. */
const LAST_MOMENT_MS = 5_000;

/**
 * Says in a class's status whether it can work now, so that a mistake shows when the class is made and not in the first backup;
 * which claims and requests have it; and keeps it while a request needs it. Nothing waits for what it says: a request finds out for
 * itself.
 */
export function createClassReconciler(
  env: Pick<Environment, 'client' | 'namespace' | 'listers' | 'movers' | 'reporter' | 'now' | 'clock'>,
  matches: Matches,
  usage: Usage,
): Reconciler {
  const store = createStatusStore<DataMoverClass>(env.client, dataMoverClasses, env.clock);
  const inspector = createInspector(env.clock);

  async function reconcile(key: Key, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const found = env.listers.classes.get(formatKey(key));
    if (found === undefined) inspector.forget(key.name);
    if (found === undefined) return {};
    const verdict = judgeClass(env.movers, found);
    if (verdict === undefined) return {};
    if (store.isStale(found)) return BEHIND;
    const keeper = keeperOf(found);
    // Two controllers would overwrite each other's status.
    if (keeper !== undefined && keeper !== env.namespace) return {};
    if (isLeaving(found)) return letGo(found, signal);
    const isHeld = hasFinalizer(found, FINALIZER) && keeper !== undefined;
    return isHeld ? judge(found, verdict, signal) : hold(found, signal);
  }

  /** From now on a deletion waits for us, and no other installation keeps the class. */
  async function hold(found: DataMoverClass, signal: AbortSignal): Promise<ReconcileResult> {
    const others = found.metadata.finalizers?.filter((one) => one !== FINALIZER) ?? [];
    const note = keeperOf(found) === undefined ? { [annotations.keptBy]: env.namespace } : undefined;
    await store.setFinalizers(found, [...others, FINALIZER], signal, note);
    return BEHIND;
  }

  /** A class that is being deleted goes when nobody uses it any more. Until then it says who does. */
  async function letGo(found: DataMoverClass, signal: AbortSignal): Promise<ReconcileResult> {
    const { deletionTimestamp = '', finalizers = [], name, uid = '' } = found.metadata;
    if (!hasFinalizer(found, FINALIZER)) return {};
    const inUse = usage.of(name);
    const early = Date.parse(deletionTimestamp) + LAST_MOMENT_MS - env.now().getTime();
    if (inUse !== undefined)
      return write(found, { ...found.status, inUse, conditions: farewell(found, inUse, env.now()) }, signal);
    if (early > 0) return { requeueAfterMs: early };
    const others = finalizers.filter((one) => one !== FINALIZER);
    await store.setFinalizers(found, others, signal);
    store.forget(uid);
    return {};
  }

  async function judge(
    found: DataMoverClass,
    verdict: Serving | ServingProblem,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { findings, goodForMs } =
      'reason' in verdict ? NOTHING_TO_INSPECT : await inspector.inspect(found, verdict, signal);
    const { inUse: _, ...before } = found.status ?? {};
    const inUse = usage.of(found.metadata.name);
    const status: DataMoverClassStatus = {
      ...before,
      observedGeneration: found.metadata.generation ?? 0,
      ...capabilitiesOf(env.movers.get(found.spec.mover)),
      matchedClaims: await matches.of(found.metadata.name),
      ...(inUse !== undefined && { inUse }),
      conditions: conditionsOf(found, verdict, findings, env.now()),
    };
    const { requeueAfterMs = Infinity } = await write(found, status, signal);
    const again = Math.min(goodForMs, requeueAfterMs);
    return again === Infinity ? {} : { requeueAfterMs: again };
  }

  async function write(
    found: DataMoverClass,
    status: DataMoverClassStatus,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { written, retryAfterMs } = await store.write(found, status, signal);
    if (written) report(found, status);
    return retryAfterMs === undefined ? {} : { requeueAfterMs: retryAfterMs };
  }

  /** What is unknown for a moment is no news. */
  function report(read: DataMoverClass, status: DataMoverClassStatus): void {
    const { normal, warning } = speaker(env.reporter);
    const before = readinessOf(read.status);
    const after = readinessOf(status);
    if (after.startsWith('False') && after !== before)
      warning([targetOf(read)], eventReasons.classNotReady, after.slice('False '.length));
    if (after.startsWith('True') && before.startsWith('False'))
      normal([targetOf(read)], eventReasons.classReady, after.slice('True '.length));
  }

  return { reconcile };
}

/** In the words of the schema, whatever a vendor's mover says beside them. */
function capabilitiesOf(mover: Mover | undefined): Pick<DataMoverClassStatus, 'capabilities'> {
  if (mover === undefined) return {};
  const { capabilities } = mover;
  return {
    capabilities: {
      volumeModes: volumeModes.filter((mode) => capabilities.volumeModes.includes(mode)),
      accessModes: accessModes.filter((mode) => capabilities.accessModes.includes(mode)),
    },
  };
}

function readinessOf(status: DataMoverClassStatus | undefined): string {
  const ready = findCondition(status?.conditions, conditionTypes.ready);
  return ready === undefined ? '' : `${ready.status} ${ready.message}`;
}
