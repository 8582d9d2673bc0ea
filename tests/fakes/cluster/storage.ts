import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from '../../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../../api/kubernetes/snapshot.ts';
import { keyOf } from '../../../api/kubernetes/meta.ts';
import type { ClusterState, Content } from './state.ts';

/** Doubles the volume controllers of Kubernetes and a CSI provisioner: binding, provisioning, protection, reclaiming. */
export function simulateStorage(state: ClusterState): void {
  for (const claim of state.list(persistentVolumeClaims)) simulateClaim(state, claim);
  for (const volume of state.list(persistentVolumes)) simulateVolume(state, volume);
}

export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

function simulateClaim(state: ClusterState, claim: PersistentVolumeClaim): void {
  const { kube, held } = state;
  if (claim.metadata.deletionTimestamp !== undefined) {
    if (held.has('release claims', claim.metadata.name) || isMounted(state, claim, isPlaced)) return;
    kube.edit(persistentVolumeClaims, keyOf(claim), (object) => {
      object.metadata.finalizers = (object.metadata.finalizers ?? []).filter((f) => f !== CLAIM_PROTECTION);
    });
    return;
  }
  if (claim.status?.phase === 'Bound' || claim.status?.phase === 'Lost') {
    if (!held.has('bind', claim.metadata.name)) followVolume(state, claim);
    return;
  }
  const volume = volumeFor(state, claim);
  if (volume !== undefined) {
    if (!held.has('bind', claim.metadata.name)) bind(state, claim, volume);
  } else if (claim.spec.volumeName === undefined && !held.has('provision')) {
    provision(state, claim);
  }
}

/** Sets a bound claim to Lost while its volume belongs to another claim. */
function followVolume(state: ClusterState, claim: PersistentVolumeClaim): void {
  const volume = state.get(persistentVolumes, { name: claim.spec.volumeName ?? '' });
  const isOwn = volume?.spec.claimRef?.uid === claim.metadata.uid;
  const isBound = claim.status?.phase === 'Bound';
  if (isOwn === isBound) return;
  if (volume !== undefined && isOwn) bind(state, claim, volume);
  else
    state.kube.edit(persistentVolumeClaims, keyOf(claim), (object) => {
      object.status = { ...object.status, phase: 'Lost' };
    });
}

/** Returns the volume that the claim names, or that names the claim. */
function volumeFor(state: ClusterState, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  return state.list(persistentVolumes).find(({ metadata, spec: { claimRef } }) => {
    const names = claimRef?.namespace === claim.metadata.namespace && claimRef?.name === claim.metadata.name;
    const same = claimRef?.uid === undefined || claimRef.uid === claim.metadata.uid;
    const wanted = claim.spec.volumeName === undefined || claim.spec.volumeName === metadata.name;
    return names && same && wanted;
  });
}

function bind({ kube }: ClusterState, claim: PersistentVolumeClaim, volume: PersistentVolume): void {
  const { name, namespace = '', uid = '' } = claim.metadata;
  kube.edit(persistentVolumes, keyOf(volume), (object) => {
    object.spec.claimRef = { ...object.spec.claimRef, kind: 'PersistentVolumeClaim', namespace, name, uid };
    object.status = { phase: 'Bound' };
  });
  kube.edit(persistentVolumeClaims, keyOf(claim), (object) => {
    object.spec.volumeName = volume.metadata.name;
    object.status = { phase: 'Bound', capacity: volume.spec.capacity ?? {} };
  });
}

/** Claims with a selector are not provisioned, as with every CSI driver. */
function provision(state: ClusterState, claim: PersistentVolumeClaim): void {
  const { kube, driver } = state;
  const { storageClassName = '', selector, accessModes = [], volumeMode = 'Filesystem' } = claim.spec;
  const storageClass = state.get(storageClasses, { name: storageClassName });
  if (storageClass === undefined || selector !== undefined) return;
  if (storageClass.volumeBindingMode === 'WaitForFirstConsumer' && !hasConsumer(state, claim)) return;
  const content = contentFor(state, claim);
  if (content === undefined) return;
  const { uid = '', name: claimName, namespace = '' } = claim.metadata;
  const handle = `disk-of-${uid}`;
  state.disks.set(handle, content);
  const volume: PersistentVolume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `pvc-${uid}`, annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
    spec: {
      capacity: claim.spec.resources?.requests ?? {},
      accessModes,
      volumeMode,
      storageClassName,
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy === 'Retain' ? 'Retain' : 'Delete',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid },
      csi: { driver, volumeHandle: handle },
    },
    status: { phase: 'Available' },
  };
  kube.seed(persistentVolumes, volume, 'csi-provisioner');
}

function hasConsumer(state: ClusterState, claim: PersistentVolumeClaim): boolean {
  return claim.metadata.annotations?.[SELECTED_NODE] !== undefined || isMounted(state, claim);
}

/** Returns `undefined` if the snapshot of the data source does not exist yet. */
function contentFor(state: ClusterState, { metadata, spec }: PersistentVolumeClaim): Content | undefined {
  if (spec.dataSource === undefined) return '';
  const { namespace = '' } = metadata;
  const snapshot = state.get(volumeSnapshots, { namespace, name: spec.dataSource.name });
  if (snapshot?.status?.readyToUse !== true) return undefined;
  const name = snapshot.status.boundVolumeSnapshotContentName ?? '';
  const content = state.get(volumeSnapshotContents, { name });
  return state.snapshots.get(content?.status?.snapshotHandle ?? '');
}

/** Returns false for a pending pod without a node, which does not protect its claims. */
function isPlaced({ spec, status }: Pod): boolean {
  return spec.nodeName !== undefined || status?.phase !== 'Pending';
}

function isMounted(
  state: ClusterState,
  { metadata }: PersistentVolumeClaim,
  counts: (pod: Pod) => boolean = () => true,
): boolean {
  return state.list(pods).some((pod) => {
    if (!counts(pod)) return false;
    const mine = pod.metadata.namespace === metadata.namespace;
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    const mounts = pod.spec.volumes?.some((v) => v.persistentVolumeClaim?.claimName === metadata.name);
    return mine && !ended && mounts === true;
  });
}

function simulateVolume(state: ClusterState, volume: PersistentVolume): void {
  const { kube, held, disks } = state;
  const { claimRef, persistentVolumeReclaimPolicy: policy, csi } = volume.spec;
  if (claimRef?.uid === undefined) return;
  const { namespace = '', name = '' } = claimRef;
  const claim = state.get(persistentVolumeClaims, { namespace, name });
  if (claim?.metadata.uid === claimRef.uid) return;
  if (volume.status?.phase !== 'Released') {
    if (held.has('release volumes')) return;
    kube.edit(persistentVolumes, keyOf(volume), (object) => {
      object.status = { phase: 'Released' };
    });
  } else if (policy === 'Delete' && !held.has('reclaim')) {
    disks.delete(csi?.volumeHandle ?? '');
    kube.remove(persistentVolumes, keyOf(volume));
  }
}
