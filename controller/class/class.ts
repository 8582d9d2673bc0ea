import { formatKey, type Key } from '../../api/meta.ts';
import type { DataMoverClass, DataMoverClassStatus } from '../../api/v1alpha1/data-mover-class.ts';
import { dataMoverClasses } from '../../api/v1alpha1/kinds.ts';
import { conditionTypes, eventReasons } from '../../api/v1alpha1/reasons.ts';
import type { ReconcileContext, Reconciler, ReconcileResult } from '../../kube/runtime/controller.ts';
import { findCondition } from '../../kube/status/conditions.ts';
import type { Environment } from '../environment.ts';
import { targetOf } from '../request/announcements.ts';
import type { Serving, ServingProblem } from '../request/serving.ts';
import { speaker } from '../request/reporter.ts';
import { createStatusStore } from '../request/status-store.ts';
import { conditionsOf } from './conditions.ts';
import { createInspector } from './inspection.ts';
import { judgeClass } from './verdict.ts';

/** What a class needs is known when its settings can be read. */
const NOTHING_TO_INSPECT = { findings: [], goodForMs: Infinity };

/**
 * Says in a class's status whether it can work now, so that a mistake shows when the class is made and not in the first backup.
 * Nothing waits for what it says: a request finds out for itself.
 */
export function createClassReconciler(
  env: Pick<Environment, 'client' | 'listers' | 'movers' | 'reporter' | 'now'>,
): Reconciler {
  const store = createStatusStore<DataMoverClass>(env.client, dataMoverClasses);
  const inspector = createInspector(env.now);

  async function reconcile(key: Key, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const found = env.listers.classes.get(formatKey(key));
    if (found === undefined) inspector.forget(key.name);
    if (found === undefined || store.isStale(found)) return {};
    const verdict = judgeClass(env.movers, found);
    return verdict === undefined ? {} : judge(found, verdict, signal);
  }

  async function judge(
    found: DataMoverClass,
    verdict: Serving | ServingProblem,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { findings, goodForMs } =
      'reason' in verdict ? NOTHING_TO_INSPECT : await inspector.inspect(found, verdict, signal);
    const now = env.now();
    const status: DataMoverClassStatus = {
      ...found.status,
      observedGeneration: found.metadata.generation ?? 0,
      conditions: conditionsOf(found, verdict, findings, now),
    };
    const { written, retryAfterMs = Infinity } = await store.write(found, status, { now, signal });
    if (written) report(found, status);
    const again = Math.min(goodForMs, retryAfterMs);
    return again === Infinity ? {} : { requeueAfterMs: again };
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

function readinessOf(status: DataMoverClassStatus | undefined): string {
  const ready = findCondition(status?.conditions, conditionTypes.ready);
  return ready === undefined ? '' : `${ready.status} ${ready.message}`;
}
