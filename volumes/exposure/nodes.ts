import type { Node, NodeAffinity, NodeRequirement } from '../../api/kubernetes/core.ts';

/** Whether pods can be scheduled to it. */
export function isUsable({ spec, status }: Node): boolean {
  const ready = status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
  return ready && spec?.unschedulable !== true;
}

/** Name of the only node that a volume can be used on; `undefined` when there are several, or none yet. */
export function onlyNode(nodes: readonly Node[], affinity: NodeAffinity | undefined): string | undefined {
  const [first, another] = nodes.filter((node) => allows(affinity, node));
  return another === undefined ? first?.metadata.name : undefined;
}

function allows(affinity: NodeAffinity | undefined, { metadata }: Node): boolean {
  const terms = affinity?.required?.nodeSelectorTerms;
  if (terms === undefined) return true;
  const fields = { 'metadata.name': metadata.name };
  return terms.some(
    ({ matchExpressions = [], matchFields = [] }) =>
      matchExpressions.every((one) => mayMeet(one, metadata.labels ?? {})) &&
      matchFields.every((one) => mayMeet(one, fields)),
  );
}

/** Volumes say where they are with `In`; whatever else is asked for could be met. */
function mayMeet({ key, operator, values = [] }: NodeRequirement, of: Record<string, string>): boolean {
  return operator !== 'In' || values.includes(of[key] ?? '');
}
