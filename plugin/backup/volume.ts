import { persistentVolumeClaims, type PersistentVolume } from '../../api/kubernetes/core.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import type { ItemHandler } from './item-handler.ts';
import type { Decide } from './decider.ts';
import { backupKey } from './desired-backup.ts';
import { markMoved } from '../velero/moved-mark.ts';

/**
 * Creates the handler for volumes of claims whose data is moved. It marks them, so that no restore creates a volume whose storage
 * no longer exists (Velero restores volumes with reclaim policy Retain unchanged). The request itself belongs to the claim.
 */
export function createVolumeBackup(cluster: ClusterReader, decide: Decide): ItemHandler<PersistentVolume> {
  return async (pv, { item, backup }, { signal }) => {
    const { namespace, name, uid } = pv.spec.claimRef ?? {};
    if (namespace === undefined || name === undefined || uid === undefined) return {};
    const kube = await cluster.kube();
    const pvc = await kube.get(persistentVolumeClaims, { namespace, name }, { signal });
    // The claim of that name is not the bound one, so the volume holds the data of no claim.
    if (pvc?.metadata.uid !== uid) return {};
    if ((await decide(backup, pvc, { signal, volume: pv })).outcome !== 'move') return {};
    return { item: markMoved(item, backupKey(backup, { namespace, uid })) };
  };
}
