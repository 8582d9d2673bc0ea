import type { Condition } from '../../api/kubernetes/meta.ts';

/** A condition as its owner states it; the time of its last change is worked out. */
export type ConditionInput = Omit<Condition, 'lastTransitionTime'>;

/** A moment, in whichever form the caller has it; a number is milliseconds since 1970. */
export type Moment = Date | number | string;

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** False when the condition is absent or unknown. */
export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * The list with one condition set, in its old place or at the end. `lastTransitionTime` moves only when the status
 * changes; an `observedGeneration` that is not given stays. Nothing is changed in place, and a list that would be the
 * same is returned itself.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  wanted: ConditionInput,
  now: Moment,
): Condition[] {
  const list = conditions ?? [];
  const before = findCondition(list, wanted.type);
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : timeOf(now);
  const after: Condition = { ...before, ...wanted, lastTransitionTime };
  if (before === undefined) return [...list, after];
  if (isSame(before, after)) return list as Condition[];
  return list.map((condition) => (condition === before ? after : condition));
}

/** The list without one condition. */
export function removeCondition(conditions: readonly Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}

/** RFC 3339 with whole seconds, as `metav1.Time` is. */
export function timeOf(moment: Moment): string {
  return new Date(moment).toISOString().replace(/\.\d+Z$/, 'Z');
}
