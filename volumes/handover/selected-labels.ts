import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { ownersKeys } from '../../api/datamover/v1alpha1/owned-keys.ts';

/**
 * The labels by which a claim selects its volume, as far as the volume may get them. The claim's author chooses them, and a
 * PersistentVolume belongs to the cluster: labels of Kubernetes, of Velero, of the driver and of this project decide where pods
 * run and what is cleaned up, so only the name of the restore that the plugin selects by is taken. Kubernetes binds a volume
 * that names its claim whatever the selector asks for.
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
