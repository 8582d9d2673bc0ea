import { persistentVolumeClaims, persistentVolumes } from '../../../api/kubernetes/core.ts';
import {
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshot,
  type VolumeSnapshotContent,
} from '../../../api/kubernetes/snapshot.ts';
import { keyOf } from '../../../api/kubernetes/meta.ts';
import { timeOf, type ClusterState } from './state.ts';

/** Doubles the snapshot controller and the CSI snapshotter. */
export function simulateSnapshots(state: ClusterState): void {
  for (const snapshot of state.list(volumeSnapshots)) simulateSnapshot(state, snapshot);
}

export const SNAPSHOT_PROTECTION = 'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection';

/** Deletes the snapshot of the storage system if the deletion policy of its content is Delete. */
export function dropSnapshot(state: ClusterState, content: VolumeSnapshotContent): void {
  if (content.spec.deletionPolicy !== 'Delete') return;
  state.snapshots.delete(content.status?.snapshotHandle ?? '');
}

const RESTORE_SIZE = '1Gi';

function simulateSnapshot(state: ClusterState, snapshot: VolumeSnapshot): void {
  const { held } = state;
  if (snapshot.metadata.deletionTimestamp !== undefined) {
    if (!held.has('release snapshots')) release(state, snapshot);
  } else if (snapshot.metadata.finalizers?.includes(SNAPSHOT_PROTECTION) !== true) {
    protect(state, snapshot);
  } else if (snapshot.spec.source.volumeSnapshotContentName !== undefined) {
    if (!held.has('ready')) bindToContent(state, snapshot, snapshot.spec.source.volumeSnapshotContentName);
  } else if (snapshot.status?.creationTime === undefined && !held.has('cut')) {
    takeSnapshot(state, snapshot);
  }
}

/** Adds the finalizers first, so that nothing is left behind if the snapshot is deleted during the work. */
function protect({ kube }: ClusterState, snapshot: VolumeSnapshot): void {
  kube.edit(volumeSnapshots, keyOf(snapshot), (object) => {
    object.metadata.finalizers = [...(object.metadata.finalizers ?? []), SNAPSHOT_PROTECTION];
  });
}

function takeSnapshot(state: ClusterState, snapshot: VolumeSnapshot): void {
  const { kube, clock, snapshotError: error } = state;
  if (error !== undefined) {
    kube.edit(volumeSnapshots, keyOf(snapshot), (object) => {
      object.status = { readyToUse: false, error: { message: error } };
    });
    return;
  }
  const { name, namespace = '', uid = '' } = snapshot.metadata;
  const claimName = snapshot.spec.source.persistentVolumeClaimName ?? '';
  const claim = state.get(persistentVolumeClaims, { namespace, name: claimName });
  const volume = state.get(persistentVolumes, { name: claim?.spec.volumeName ?? '' });
  const disk = state.disks.get(volume?.spec.csi?.volumeHandle ?? '');
  if (disk === undefined) return;
  const className = snapshot.spec.volumeSnapshotClassName ?? '';
  const snapshotClass = state.get(volumeSnapshotClasses, { name: className });
  const handle = `snapshot-of-${uid}`;
  state.snapshots.set(handle, disk);
  kube.seed(
    volumeSnapshotContents,
    {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: {
        name: `snapcontent-${uid}`,
        labels: { [MANAGED_BY_NODE]: NODE },
        annotations: { 'snapshot.storage.kubernetes.io/deletion-secret-name': 'driver-secret' },
      },
      spec: {
        deletionPolicy: snapshotClass?.deletionPolicy ?? 'Delete',
        driver: state.driver,
        source: { volumeHandle: volume?.spec.csi?.volumeHandle ?? '' },
        volumeSnapshotClassName: className,
        volumeSnapshotRef: { kind: 'VolumeSnapshot', namespace, name, uid },
      },
      status: { snapshotHandle: handle, readyToUse: true, creationTime: clock.now() * 1e6 },
    },
    'csi-snapshotter',
  );
  settle(state, snapshot, `snapcontent-${uid}`);
}

/** A snapshotter that runs on each node sees only the contents with the label of its node. */
export const MANAGED_BY_NODE = 'snapshot.storage.kubernetes.io/managed-by';
const NODE = 'node-of-the-volume';

/**
 * Returns true if the driver can read the state of a snapshot: that requires the list secret of the class, and the driver on the
 * node of the snapshot.
 */
function canBeRead({ metadata, spec }: VolumeSnapshotContent): boolean {
  return metadata.labels?.[MANAGED_BY_NODE] === NODE && spec.volumeSnapshotClassName !== undefined;
}

/** Binds a snapshot to an existing content that was created by hand. */
function bindToContent(state: ClusterState, snapshot: VolumeSnapshot, contentName: string): void {
  const { kube } = state;
  const content = state.get(volumeSnapshotContents, { name: contentName });
  if (content === undefined || snapshot.status?.readyToUse === true || !canBeRead(content)) return;
  const handle = content.spec.source.snapshotHandle ?? '';
  if (!state.snapshots.has(handle)) return;
  kube.edit(volumeSnapshotContents, keyOf(content), (object) => {
    object.status = { snapshotHandle: handle, readyToUse: true };
  });
  settle(state, snapshot, contentName);
}

function settle({ kube, clock }: ClusterState, snapshot: VolumeSnapshot, contentName: string): void {
  kube.edit(volumeSnapshots, keyOf(snapshot), (object) => {
    object.status = {
      boundVolumeSnapshotContentName: contentName,
      creationTime: timeOf(clock),
      readyToUse: true,
      restoreSize: RESTORE_SIZE,
    };
  });
}

/** Releases a deleted snapshot; a content with policy Retain is kept. */
function release(state: ClusterState, snapshot: VolumeSnapshot): void {
  const { kube } = state;
  const { name, namespace } = snapshot.metadata;
  for (const content of state.list(volumeSnapshotContents)) {
    const { volumeSnapshotRef: ref, deletionPolicy } = content.spec;
    const bound = ref.namespace === namespace && ref.name === name;
    if (bound && deletionPolicy === 'Delete') kube.remove(volumeSnapshotContents, keyOf(content));
  }
  kube.edit(volumeSnapshots, keyOf(snapshot), (object) => {
    object.metadata.finalizers = (object.metadata.finalizers ?? []).filter((f) => f !== SNAPSHOT_PROTECTION);
  });
}
