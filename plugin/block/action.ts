import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes/core.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import type { ItemBlockAction, ResourceIdentifier } from '../velero/item-actions.ts';
import { claimNames } from '../backup/selection.ts';
import { parseItem } from '../velero/item.ts';

/**
 * `oadp.openshift.io/data-mover-block`: claims that one pod mounts belong to one block, between the same hooks. Velero finds them
 * through their pod only if the backup includes pods.
 */
export function createBlockAction(cluster: ClusterReader): ItemBlockAction {
  return {
    resources: ['persistentvolumeclaims'],
    async relatedItems({ item, backup }, { log }) {
      try {
        const { enabled } = await cluster.settings(backup.metadata.namespace ?? '');
        if (!enabled) return [];
        const pvc = parseItem(item) as PersistentVolumeClaim;
        const { namespace = '' } = pvc.metadata;
        const { pods, claims } = await cluster.content(namespace);
        const related = claimsTogetherWith(pvc.metadata.name, pods);
        return claims
          .map(({ metadata }) => metadata.name)
          .filter((name) => related.has(name))
          .map((name): ResourceIdentifier => ({
            group: '',
            resource: 'persistentvolumeclaims',
            namespace,
            name,
          }));
      } catch (error) {
        // A backup without blocks is valid, and a real problem fails the items themselves.
        log.debug({ err: error }, 'the claims that belong together could not be found');
        return [];
      }
    },
  };
}

function claimsTogetherWith(name: string, pods: readonly Pod[]): Set<string> {
  const together = new Set(
    pods
      .map(claimNames)
      .filter((names) => names.includes(name))
      .flat(),
  );
  together.delete(name);
  return together;
}
