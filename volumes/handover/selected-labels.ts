import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { ownersKeys } from '../../api/common/owned-keys.ts';

/**
 * Returns the labels of a claim's selector that its volume may get. The author of the claim chooses the selector, but a
 * PersistentVolume is cluster-scoped: labels of Kubernetes, Velero, the driver and this project decide where pods run and what
 * is cleaned up. Of those only `selectors` are taken, by which the product selects. Kubernetes binds a volume that
 * names its claim even if the selector does not match.
 */
export function selectedLabels(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  selectors: readonly string[],
): Record<string, string> {
  const asked = claim.spec.selector?.matchLabels ?? {};
  const own = selectors.flatMap((key) => (asked[key] === undefined ? [] : [[key, asked[key]] as const]));
  return {
    ...ownersKeys(asked, volume.spec.csi?.driver),
    ...Object.fromEntries(own),
  };
}
