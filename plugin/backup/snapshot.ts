import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import {
  volumeSnapshots,
  type VolumeSnapshot,
  type VolumeSnapshotContent,
} from '../../api/kubernetes/snapshot.ts';
import type { Key } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { listOrNone } from '../collect.ts';
import { retryTransient } from '../retry.ts';
import { ttlCache } from '../ttl-cache.ts';
import type { BackupItemOutput } from '../velero/item-actions.ts';
import type { ItemHandler } from './item-handler.ts';
import { isFinalizing } from './decision.ts';
import type { Decide } from './decider.ts';
import { backupKey } from './desired-backup.ts';
import { markMoved } from '../velero/moved-mark.ts';
import { GROUP_SNAPSHOT_HANDLE } from '../velero/constants.ts';
import { isOfBackup } from './velero-work.ts';

type SnapshotKey = Required<Key>;
type FindRequest = (
  backup: Backup,
  snapshot: SnapshotKey,
  signal: AbortSignal,
) => Promise<SnapshotKey | undefined>;

/**
 * Creates the handler for snapshots that Velero itself took of claims whose data is moved. It marks them, so that no restore
 * creates them in a cluster that does not have them. They stay in the backup, and Velero deletes the snapshots with it. Velero
 * stores them twice, and the second copy, of the finalizing pass, replaces the first.
 */
export function createSnapshotBackup(
  cluster: ClusterReader,
  decide: Decide,
): ItemHandler<VolumeSnapshot | VolumeSnapshotContent> {
  const planned = planRequest(cluster, decide);
  const made = findMadeRequest(cluster);
  return async (object, { item, backup }, { signal }): Promise<BackupItemOutput> => {
    const snapshot = snapshotKeyOf(object);
    if (snapshot === undefined) return {};
    const find = isFinalizing(backup) ? made : planned;
    const request = await find(backup, snapshot, signal);
    // Velero's own restore action reads the group before ours can skip the snapshot.
    return request === undefined ? {} : { item: markMoved(item, request, [GROUP_SNAPSHOT_HANDLE]) };
  };
}

function snapshotKeyOf(object: VolumeSnapshot | VolumeSnapshotContent): SnapshotKey | undefined {
  if (object.kind === 'VolumeSnapshot') {
    const { namespace = '', name } = object.metadata;
    return { namespace, name };
  }
  const { volumeSnapshotRef } = object.spec as Partial<VolumeSnapshotContent['spec']>;
  return volumeSnapshotRef && { namespace: volumeSnapshotRef.namespace, name: volumeSnapshotRef.name };
}

/** In the first pass Velero stores a snapshot before its claim, so the decision about the claim is computed early. */
function planRequest(cluster: ClusterReader, decide: Decide): FindRequest {
  return async (backup, key, signal) => {
    const kube = await cluster.kube();
    const snapshot = await kube.get(volumeSnapshots, key, { signal });
    const claimName = snapshot?.spec.source.persistentVolumeClaimName;
    // Snapshots that a user created are not ours to mark.
    if (claimName === undefined || !isOfBackup(snapshot, backup)) return undefined;
    const { namespace } = key;
    const pvc = await kube.get(persistentVolumeClaims, { namespace, name: claimName }, { signal });
    const { uid } = pvc?.metadata ?? {};
    if (pvc === undefined || uid === undefined) return undefined;
    if ((await decide(backup, pvc, { signal })).outcome !== 'move') return undefined;
    return backupKey(backup, { namespace, uid });
  };
}

/**
 * In the finalizing pass the snapshot may have been deleted, but the request that used it exists. All requests have been created
 * by then, so those of a namespace are listed once.
 */
function findMadeRequest(cluster: ClusterReader): FindRequest {
  const { clock } = cluster;
  const listOnce = ttlCache({ ttlMs: Infinity, clock }, (place) => {
    const [namespace = '', uid = ''] = place.split('/');
    const where = { namespace, labelSelector: `${labels.veleroBackupUid}=${uid}` };
    return retryTransient({ clock }, async () => listOrNone(await cluster.kube(), dataMoverBackups, where));
  });
  return async (backup, { namespace, name }) => {
    const requests = await listOnce(`${namespace}/${backup.metadata.uid ?? ''}`);
    const request = requests.find(
      ({ spec }) => spec.dataSourceRef.kind === 'VolumeSnapshot' && spec.dataSourceRef.name === name,
    );
    return request && { namespace, name: request.metadata.name };
  };
}
