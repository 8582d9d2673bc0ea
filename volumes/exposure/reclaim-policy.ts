import { persistentVolumes, type PersistentVolume } from '../../api/kubernetes/core.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { patchIfThere } from '../../kube/client/patch-if-there.ts';

/**
 * Makes the storage delete a volume when its claim is deleted, even if the storage class retains volumes. Conditional on the
 * version that was read: a volume that was handed over since then has another owner.
 */
export async function deleteWhenReleased(
  client: KubeClient,
  { metadata: { name, resourceVersion } }: PersistentVolume,
  signal: AbortSignal,
): Promise<void> {
  const patch = { metadata: { resourceVersion }, spec: { persistentVolumeReclaimPolicy: 'Delete' } };
  await patchIfThere(client, persistentVolumes, { key: { name }, patch, signal });
}
