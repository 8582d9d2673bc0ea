import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../../../../api/kubernetes/core.ts';
import { present } from '../../present.ts';
import { PROVISIONED_BY, PROVISIONER_FINALIZER } from './annotations.ts';

/** The StorageClass fields that only a provisioner reads. */
export interface ProvisioningClass extends StorageClass {
  mountOptions?: string[];
}

export interface DesiredVolume {
  claim: PersistentVolumeClaim;
  storageClass: ProvisioningClass;
  driverName: string;
  volumeHandle: string;
  /** If set, ties the volume to one node. */
  topology?: { key: string; node: string };
}

/** Returns the name of the volume for a claim. */
export function volumeNameOf(claim: PersistentVolumeClaim): string {
  if (claim.metadata.uid === undefined) throw new Error(`claim ${claim.metadata.name} has no uid`);
  return `pvc-${claim.metadata.uid}`;
}

/** Returns the PersistentVolume of a claim as external-provisioner would create it. */
export function desiredVolume(desired: DesiredVolume): PersistentVolume {
  const { claim, storageClass, driverName, volumeHandle, topology } = desired;
  const policy = storageClass.reclaimPolicy === 'Retain' ? 'Retain' : 'Delete';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeNameOf(claim),
      annotations: { [PROVISIONED_BY]: driverName },
      ...(policy === 'Delete' ? { finalizers: [PROVISIONER_FINALIZER] } : {}),
    },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      accessModes: claim.spec.accessModes ?? [],
      volumeMode: claim.spec.volumeMode ?? 'Filesystem',
      persistentVolumeReclaimPolicy: policy,
      storageClassName: storageClass.metadata.name,
      ...present({ mountOptions: storageClass.mountOptions }),
      claimRef: claimReference(claim),
      csi: { driver: driverName, volumeHandle, fsType: 'ext4' },
      ...(topology === undefined ? {} : { nodeAffinity: onNode(topology) }),
    },
  };
}

function onNode({ key, node }: { key: string; node: string }): object {
  return {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [node] }] }] },
  };
}

function claimReference({
  metadata,
}: PersistentVolumeClaim): NonNullable<PersistentVolume['spec']['claimRef']> {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    name,
    ...present({ namespace, uid, resourceVersion }),
  };
}
