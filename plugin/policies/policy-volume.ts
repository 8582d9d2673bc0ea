import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { parseQuantity } from '../../api/kubernetes/quantity.ts';

/** The properties that the conditions of Velero's volume policies check. */
export interface PolicyVolume {
  /** Capacity of the volume in bytes; 0 if the claim has no volume. */
  capacity: number;
  /** Storage class of the volume, not of the claim. */
  storageClass: string;
  nfs: { server?: string; path?: string } | undefined;
  csi: { driver?: string; volumeAttributes?: Record<string, string> } | undefined;
  /** Type of the volume's source, in the spelling of the policies: `csi`, `nfs`, `hostPath`, … */
  volumeType: string;
  labels: Readonly<Record<string, string>>;
  phase: string;
  volumeMode: string;
  accessModes: readonly string[];
}

/** The source types of a volume, in Velero's order. Each is a key of the volume's spec and the name in a policy. */
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

/**
 * Returns the properties for a claim and its volume. Without a volume its properties are empty, which match only conditions that
 * are empty too.
 */
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

/** storageOS is the only source that Kubernetes and Velero spell differently. */
function hasSource(pv: PersistentVolume | undefined, type: string): boolean {
  return pv?.spec[type === 'storageOS' ? 'storageos' : type] !== undefined;
}
