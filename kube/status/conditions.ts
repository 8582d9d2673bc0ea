import type { Condition } from '../../api/kubernetes/meta.ts';

/** A condition without the time of its last transition, which is computed. */
export type ConditionInput = Omit<Condition, 'lastTransitionTime'>;

/** A time; a number is milliseconds since 1970. */
export type Moment = Date | number | string;

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Returns false if the condition is absent or unknown. */
export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * Returns the list with one condition set, at its old position or at the end. `lastTransitionTime` changes only with the
 * status; without a new `observedGeneration` the old one stays. The list is not modified; if nothing changes, it is returned
 * itself.
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

/** Returns the list without one condition. */
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

/** Returns RFC 3339 with whole seconds, like `metav1.Time`. */
export function timeOf(moment: Moment): string {
  return new Date(moment).toISOString().replace(/\.\d+Z$/, 'Z');
}
