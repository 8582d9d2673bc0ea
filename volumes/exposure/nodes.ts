import type { Node, NodeAffinity, NodeRequirement } from '../../api/kubernetes/core.ts';

/** Returns true if pods can be scheduled to the node. */
export function isUsable({ spec, status }: Node): boolean {
  const ready = status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
  return ready && spec?.unschedulable !== true;
}

/** Returns the name of the only node that can use a volume; `undefined` if there are several, or none yet. */
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

/** Volumes restrict nodes with `In`; any other requirement may be met. */
function mayMeet({ key, operator, values = [] }: NodeRequirement, of: Record<string, string>): boolean {
  return operator !== 'In' || values.includes(of[key] ?? '');
}
