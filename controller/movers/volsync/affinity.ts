import type { NodeSelectorTerm } from '../../../api/external/core.ts';

/** The part of a pod's affinity that is looked at; the rest is kept as it is. */
interface Affinity {
  [more: string]: unknown;
  nodeAffinity?: {
    [more: string]: unknown;
    requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: NodeSelectorTerm[] };
  };
}

/** The affinity, on this one node only. Of the terms of a node selector one has to hold, so each of them gets the node. */
export function pinnedTo(node: string, affinity: Affinity = {}): Affinity {
  const { nodeAffinity = {} } = affinity;
  const { nodeSelectorTerms = [] } = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? {};
  const terms = nodeSelectorTerms.length === 0 ? [{}] : nodeSelectorTerms;
  const here = { key: 'metadata.name', operator: 'In', values: [node] };
  return {
    ...affinity,
    nodeAffinity: {
      ...nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((term) => ({
          ...term,
          matchFields: [...(term.matchFields ?? []), here],
        })),
      },
    },
  };
}
