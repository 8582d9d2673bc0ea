import { persistentVolumes, type PersistentVolume } from '../../api/kubernetes/core.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { patchIfThere } from '../../kube/client/patch-if-there.ts';

/**
 * Lets storage delete a volume when its claim is gone, also where the storage class says to keep it. Conditional on what was
 * read: a volume that has changed hands meanwhile is somebody's.
 */
export async function deleteWhenReleased(
  client: KubeClient,
  { metadata: { name, resourceVersion } }: PersistentVolume,
  signal: AbortSignal,
): Promise<void> {
  const patch = { metadata: { resourceVersion }, spec: { persistentVolumeReclaimPolicy: 'Delete' } };
  await patchIfThere(client, persistentVolumes, { key: { name }, patch, signal });
}
