import { persistentVolumes, type PersistentVolume } from '../../api/external/core.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isNotFound } from '../../kube/client/kube-error.ts';

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
  try {
    await client.mergePatch(persistentVolumes, { name }, patch, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
