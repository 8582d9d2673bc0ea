import type { NodeSelectorTerm } from '../../../api/kubernetes/core.ts';
import type { MoverRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';

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

/** Where whatever uses the staging volume may run. */
export function affinityOf({
  node,
  config,
}: Pick<MoverRequest<RepositoryConfig>, 'node' | 'config'>): Record<string, unknown> | undefined {
  return node === undefined ? config.moverAffinity : pinnedTo(node, config.moverAffinity);
}
