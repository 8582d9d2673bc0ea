import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { parseQuantity } from '../../api/kubernetes/quantity.ts';

/** What the conditions of Velero's volume policies look at. */
export interface PolicyVolume {
  /** Of the volume, in bytes; 0 when there is no volume. */
  capacity: number;
  /** Of the volume, not of the claim. */
  storageClass: string;
  nfs: { server?: string; path?: string } | undefined;
  csi: { driver?: string; volumeAttributes?: Record<string, string> } | undefined;
  /** Where the volume comes from, in the spelling of the policies: `csi`, `nfs`, `hostPath`, … */
  volumeType: string;
  labels: Readonly<Record<string, string>>;
  phase: string;
  volumeMode: string;
  accessModes: readonly string[];
}

/** The sources a volume can have, in Velero's order. Each is a key of the volume's spec and the name in a policy. */
const VOLUME_TYPES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flocker',
  'flexVolume',
  'gcePersistentDisk',
  'glusterfs',
  'hostPath',
  'iscsi',
  'local',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageOS',
  'vsphereVolume',
] as const;

/** A claim without a volume has what it has itself; the rest is empty, and empty matches only what asks for nothing. */
export function policyVolumeOf(pvc: PersistentVolumeClaim, pv: PersistentVolume | undefined): PolicyVolume {
  const { volumeMode = '', accessModes = [] } = pvc.spec;
  return {
    ...sourceOf(pv),
    labels: pvc.metadata.labels ?? {},
    phase: pvc.status?.phase ?? '',
    volumeMode,
    accessModes,
  };
}

function sourceOf(
  pv: PersistentVolume | undefined,
): Pick<PolicyVolume, 'capacity' | 'storageClass' | 'nfs' | 'csi' | 'volumeType'> {
  const { capacity, storageClassName = '', nfs, csi } = pv?.spec ?? {};
  return {
    capacity: parseQuantity(capacity?.storage ?? '0'),
    storageClass: storageClassName,
    nfs,
    csi,
    volumeType: VOLUME_TYPES.find((type) => hasSource(pv, type)) ?? '',
  };
}

/** The only source that Kubernetes and Velero write differently is storageOS. */
function hasSource(pv: PersistentVolume | undefined, type: string): boolean {
  return pv?.spec[type === 'storageOS' ? 'storageos' : type] !== undefined;
}
