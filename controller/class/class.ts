import { formatKey, type Key } from '../../api/meta.ts';
import type { DataMoverClass, DataMoverClassStatus } from '../../api/v1alpha1/data-mover-class.ts';
import { dataMoverClasses } from '../../api/v1alpha1/kinds.ts';
import { conditionTypes, eventReasons } from '../../api/v1alpha1/reasons.ts';
import type { ReconcileContext, Reconciler, ReconcileResult } from '../../kube/runtime/controller.ts';
import { isConditionTrue, setCondition } from '../../kube/status/conditions.ts';
import type { Environment } from '../environment.ts';
import { targetOf } from '../request/announcements.ts';
import { speaker } from '../request/reporter.ts';
import { createStatusStore } from '../request/status-store.ts';
import { judgeClass, type Verdict } from './verdict.ts';

/** Says in a class's status whether it can be used, so that a mistake shows when the class is made and not in the first backup. */
export function createClassReconciler(
  env: Pick<Environment, 'client' | 'listers' | 'movers' | 'reporter' | 'now'>,
): Reconciler {
  const store = createStatusStore<DataMoverClass>(env.client, dataMoverClasses);

  async function reconcile(key: Key, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const found = env.listers.classes.get(formatKey(key));
    if (found === undefined || store.isStale(found)) return {};
    const verdict = judgeClass(env.movers, found);
    if (verdict === undefined) return {};
    const now = env.now();
    const status = statusOf(found, verdict, now);
    const { written, retryAfterMs } = await store.write(found, status, { now, signal });
    if (written) report(found, verdict);
    return retryAfterMs === undefined ? {} : { requeueAfterMs: retryAfterMs };
  }

  function report(read: DataMoverClass, verdict: Verdict): void {
    const { normal, warning } = speaker(env.reporter);
    const wasReady = isConditionTrue(read.status?.conditions, conditionTypes.ready);
    if (!verdict.ready) warning([targetOf(read)], eventReasons.classNotReady, verdict.message);
    else if (!wasReady && read.status !== undefined)
      normal([targetOf(read)], eventReasons.classReady, verdict.message);
  }

  return { reconcile };
}

function statusOf({ metadata, status }: DataMoverClass, verdict: Verdict, now: Date): DataMoverClassStatus {
  const observedGeneration = metadata.generation ?? 0;
  const conditions = setCondition(
    status?.conditions,
    {
      type: conditionTypes.ready,
      status: verdict.ready ? 'True' : 'False',
      reason: verdict.ready ? 'Done' : verdict.reason,
      message: verdict.message,
      observedGeneration,
    },
    now,
  );
  return { ...status, observedGeneration, conditions };
}
