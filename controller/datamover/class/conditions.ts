import type { Condition } from '../../../api/kubernetes/meta.ts';
import type {
  DataMoverClass,
  DataMoverClassStatus,
} from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import {
  conditionReasons,
  conditionTypes,
  type ConditionType,
} from '../../../api/datamover/v1alpha1/reasons.ts';
import { setCondition } from '../../../kube/status/conditions.ts';
import type { Finding } from '../../../movers/mover.ts';
import type { ResolvedClass, ResolutionProblem } from '../resolution/resolve-class.ts';
import type { Findings } from './inspection.ts';

/** Returns the conditions of a class: the verdict on its spec, the findings about its dependencies, and `Ready` as their sum. */
export function conditionsOf(
  { metadata, status }: DataMoverClass,
  validation: ResolvedClass | ResolutionProblem,
  findings: Findings,
  now: Date,
): Condition[] {
  const parts: Findings = [[conditionTypes.accepted, acceptance(validation)], ...findings];
  const all: Findings = [...parts, [conditionTypes.ready, sumOf(parts)]];
  // Conditions that are no longer checked after a change of the class are removed.
  const known = status?.conditions?.filter(({ type }) => all.some(([one]) => one === type));
  return all.reduce(
    (conditions: Condition[] | undefined, [type, finding]) =>
      setCondition(conditions, { type, ...finding, observedGeneration: metadata.generation ?? 0 }, now),
    known,
  ) as Condition[];
}

/** Returns the conditions of a class that is being deleted and still in use. */
export function deletingConditions(
  { metadata, status }: DataMoverClass,
  { requests, names }: NonNullable<DataMoverClassStatus['inUse']>,
  now: Date,
): Condition[] {
  const others = requests > names.length ? ` and ${String(requests - names.length)} more` : '';
  const ready = {
    type: conditionTypes.ready,
    status: 'False',
    reason: 'Deleting',
    message: `the class is being deleted and serves no new requests; it is removed when these requests have ended: ${names.join(', ')}${others}`,
    observedGeneration: metadata.generation ?? 0,
  } as const;
  return setCondition(status?.conditions, ready, now);
}

function acceptance(validation: ResolvedClass | ResolutionProblem): Finding {
  if ('reason' in validation)
    return { status: 'False', reason: validation.reason, message: validation.message };
  const { mover, notes = [] } = validation;
  return {
    status: 'True',
    reason: conditionReasons.succeeded,
    message: [`mover ${mover.name} serves this class`, ...notes].join('; '),
  };
}

/** `False` takes precedence over `Unknown`. */
function sumOf(parts: readonly (readonly [ConditionType, Finding])[]): Finding {
  const findings = parts.map(([, finding]) => finding);
  const worst =
    findings.find(({ status }) => status === 'False') ?? findings.find(({ status }) => status === 'Unknown');
  return worst ?? { status: 'True', reason: conditionReasons.succeeded, message: findings[0]?.message ?? '' };
}
