import type { Condition } from '../../api/meta.ts';
import { conditionTypes } from '../../api/v1alpha1/reasons.ts';
import { done, waiting, type StepResult } from './step.ts';

/**
 * How long a finished request waits for storage to delete its staging volumes. Their claims are gone by then and the
 * deletion is the storage driver's duty; a driver that never manages must not keep a good backup from completing.
 */
export const LINGER_MS = 120_000;

export function lingeringVolumes(
  volumes: readonly string[],
  conditions: readonly Condition[],
  now: Date,
): StepResult {
  if (volumes.length === 0) return done;
  const since = conditions.find(
    ({ type, status }) => type === conditionTypes.cleanedUp && status === 'False',
  );
  const waited = since === undefined ? 0 : now.getTime() - Date.parse(since.lastTransitionTime);
  if (waited >= LINGER_MS) return done;
  return waiting(`waiting for storage to delete PersistentVolume ${volumes.join(', ')}`, {
    requeueAfterMs: LINGER_MS - waited,
  });
}
