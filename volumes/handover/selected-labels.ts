import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { ownersKeys } from '../../api/datamover/v1alpha1/owned-keys.ts';

/**
 * Returns the labels of a claim's selector that its volume may get. The author of the claim chooses the selector, but a
 * PersistentVolume is cluster-scoped: labels of Kubernetes, Velero, the driver and this project decide where pods run and what
 * is cleaned up. Of those only the name of the restore is taken, by which the plugin selects. Kubernetes binds a volume that
 * names its claim even if the selector does not match.
 */
export function selectedLabels(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Record<string, string> {
  const asked = claim.spec.selector?.matchLabels ?? {};
  const restore = asked[labels.restoredBy];
  return {
    ...ownersKeys(asked, volume.spec.csi?.driver),
    ...(restore !== undefined && { [labels.restoredBy]: restore }),
  };
}
