import { targetOf } from '../../../lifecycle/observe/event-target.ts';
import { isBeingDeleted, installationOfClass } from '../../../api/datamover/v1alpha1/class-resolution.ts';
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
import type { ResolvedClass, ResolutionProblem } from '../resolution/resolve-class.ts';
import { eventsFor, type Reporter } from '../../../lifecycle/observe/reporter.ts';
import { createStatusStore } from '../../../lifecycle/request/status-store.ts';
import { conditionsOf, deletingConditions } from './conditions.ts';
import { createInspector } from './inspection.ts';
import { validateClass } from './validate-class.ts';

/** A class whose settings are invalid has nothing to inspect. */
const NOTHING_TO_INSPECT = { findings: [], goodForMs: Infinity };

/** The cached class is older than our last write; the newer version will arrive. */
const BEHIND = { requeueAfterMs: 1_000 };

/** Time after which a request that got the class just before its deletion is visible in the cache. */
const CACHE_LAG_MS = 5_000;

/**
 * Creates the reconciler of classes. It reports in the status whether the class can work now, so that a mistake shows when the
 * class is created instead of in the first backup, and which claims and requests use it. It keeps a deleted class while a request
 * needs it. No request waits for this status: each one resolves the class itself.
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
    const validation = validateClass(env.movers, found);
    if (validation === undefined) return {};
    if (store.isStale(found)) return BEHIND;
    const installation = installationOfClass(found);
    // Two controllers would overwrite each other's status.
    if (installation !== undefined && installation !== env.namespace) return {};
    if (isBeingDeleted(found)) return reconcileDelete(found, signal);
    const isClaimed = hasFinalizer(found, FINALIZER) && installation !== undefined;
    return isClaimed ? reconcileActive(found, validation, signal) : addFinalizer(found, signal);
  }

  /** Adds the finalizer and claims the class for this installation. */
  async function addFinalizer(found: DataMoverClass, signal: AbortSignal): Promise<ReconcileResult> {
    const others = found.metadata.finalizers?.filter((one) => one !== FINALIZER) ?? [];
    const note =
      installationOfClass(found) === undefined ? { [annotations.keptBy]: env.namespace } : undefined;
    await store.setFinalizers(found, [...others, FINALIZER], signal, note);
    return BEHIND;
  }

  /** Removes the finalizer of a deleted class when no request uses it any more. Until then the status lists the requests. */
  async function reconcileDelete(found: DataMoverClass, signal: AbortSignal): Promise<ReconcileResult> {
    const { deletionTimestamp = '', finalizers = [], name, uid = '' } = found.metadata;
    if (!hasFinalizer(found, FINALIZER)) return {};
    const inUse = usage.of(name);
    const early = Date.parse(deletionTimestamp) + CACHE_LAG_MS - env.now().getTime();
    if (inUse !== undefined)
      return write(
        found,
        { ...found.status, inUse, conditions: deletingConditions(found, inUse, env.now()) },
        signal,
      );
    if (early > 0) return { requeueAfterMs: early };
    const others = finalizers.filter((one) => one !== FINALIZER);
    await store.setFinalizers(found, others, signal);
    store.forget(uid);
    return {};
  }

  async function reconcileActive(
    found: DataMoverClass,
    validation: ResolvedClass | ResolutionProblem,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { findings, goodForMs } =
      'reason' in validation ? NOTHING_TO_INSPECT : await inspector.inspect(found, validation, signal);
    const { inUse: _, ...before } = found.status ?? {};
    const inUse = usage.of(found.metadata.name);
    const status: DataMoverClassStatus = {
      ...before,
      observedGeneration: found.metadata.generation ?? 0,
      ...capabilitiesOf(env.movers.get(found.spec.mover)),
      matchedClaims: await matches.of(found.metadata.name),
      ...(inUse !== undefined && { inUse }),
      conditions: conditionsOf(found, validation, findings, env.now()),
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
    if (written) reportReadiness(env.reporter, found, status);
    return retryAfterMs === undefined ? {} : { requeueAfterMs: retryAfterMs };
  }

  return { reconcile };
}

/** Emits Events only for changes between ready and not ready; `Unknown` is not reported. */
function reportReadiness(reporter: Reporter, read: DataMoverClass, status: DataMoverClassStatus): void {
  const { normal, warning } = eventsFor(reporter);
  const before = readinessOf(read.status);
  const after = readinessOf(status);
  if (after.startsWith('False') && after !== before)
    warning([targetOf(read)], eventReasons.classNotReady, after.slice('False '.length));
  if (after.startsWith('True') && before.startsWith('False'))
    normal([targetOf(read)], eventReasons.classReady, after.slice('True '.length));
}

/** Keeps only the values that the schema allows, because a vendor's mover may report others. */
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
