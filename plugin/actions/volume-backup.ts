import { persistentVolumeClaims, type PersistentVolume } from '../../api/kubernetes/core.ts';
import type { Cluster } from '../cluster.ts';
import type { ItemHandler } from './backup-action.ts';
import type { Decide } from './decider.ts';
import { backupKey } from './desired-backup.ts';
import { markMoved } from './moved-mark.ts';

/**
 * The volume of a claim whose data is moved: marked, so that no restore brings it back pointing at storage that is gone
 * (Velero restores volumes with reclaim policy Retain as they were). The request itself belongs to the claim.
 */
export function createVolumeBackup(cluster: Cluster, decide: Decide): ItemHandler<PersistentVolume> {
  return async (pv, { item, backup }, { signal }) => {
    const { namespace, name, uid } = pv.spec.claimRef ?? {};
    if (namespace === undefined || name === undefined || uid === undefined) return {};
    const kube = await cluster.kube();
    const pvc = await kube.get(persistentVolumeClaims, { namespace, name }, { signal });
    // A claim of that name that is not the one bound: the volume waits for its owner's decision, it is nobody's data.
    if (pvc?.metadata.uid !== uid) return {};
    if ((await decide(backup, pvc, { signal, volume: pv })).outcome !== 'move') return {};
    return { item: markMoved(item, backupKey(backup, { namespace, uid })) };
  };
}
