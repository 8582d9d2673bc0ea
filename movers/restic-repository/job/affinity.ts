import type { NodeSelectorTerm } from '../../../api/kubernetes/core.ts';
import type { MoverRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';

/** The fields of a pod's affinity that are changed; the rest is kept. */
interface Affinity {
  [more: string]: unknown;
  nodeAffinity?: {
    [more: string]: unknown;
    requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: NodeSelectorTerm[] };
  };
}

/**
 * Returns the affinity restricted to one node. The terms of a node selector are alternatives, so the node is added to each of
 * them.
 */
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

/** Returns the affinity of pods that mount the staging volume. */
export function affinityOf({
  node,
  config,
}: Pick<MoverRequest<RepositoryConfig>, 'node' | 'config'>): Record<string, unknown> | undefined {
  return node === undefined ? config.moverAffinity : pinnedTo(node, config.moverAffinity);
}
