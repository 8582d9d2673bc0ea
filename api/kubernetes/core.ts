import type { LabelSelector } from './label-selector.ts';
import type { Kind, Resource } from './meta.ts';

/** Kinds of Kubernetes, with the fields that this project reads or writes. */

export interface PersistentVolumeClaim extends Resource {
  spec: {
    accessModes?: string[];
    resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
    storageClassName?: string;
    volumeMode?: 'Filesystem' | 'Block';
    volumeName?: string;
    selector?: LabelSelector;
    dataSource?: { apiGroup?: string; kind: string; name: string };
    dataSourceRef?: { apiGroup?: string; kind: string; name: string; namespace?: string };
  };
  status?: {
    phase?: 'Pending' | 'Bound' | 'Lost';
    capacity?: Record<string, string>;
    accessModes?: string[];
  };
}

export interface PersistentVolume extends Resource {
  spec: {
    capacity?: Record<string, string>;
    accessModes?: string[];
    volumeMode?: 'Filesystem' | 'Block';
    storageClassName?: string;
    persistentVolumeReclaimPolicy?: 'Delete' | 'Retain' | 'Recycle';
    claimRef?: {
      apiVersion?: string;
      kind?: string;
      namespace?: string;
      name?: string;
      uid?: string;
      resourceVersion?: string;
    };
    csi?: {
      driver: string;
      volumeHandle: string;
      fsType?: string;
      volumeAttributes?: Record<string, string>;
    };
    nfs?: { server?: string; path?: string };
    nodeAffinity?: NodeAffinity;
    [source: string]: unknown;
  };
  status?: { phase?: 'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed'; message?: string };
}

export interface NodeAffinity {
  required?: { nodeSelectorTerms: NodeSelectorTerm[] };
}

export interface NodeSelectorTerm {
  matchExpressions?: NodeRequirement[];
  matchFields?: NodeRequirement[];
}

export interface NodeRequirement {
  key: string;
  operator: string;
  values?: string[];
}

export interface StorageClass extends Resource {
  provisioner: string;
  reclaimPolicy?: string;
  volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer';
  parameters?: Record<string, string>;
}

/** A volume that is attached to a node, or is being attached or detached. */
export interface VolumeAttachment extends Resource {
  spec: { nodeName: string; source: { persistentVolumeName?: string } };
}

export interface Secret extends Resource {
  type?: string;
  /** Values are base64. */
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  immutable?: boolean;
}

export interface ConfigMap extends Resource {
  data?: Record<string, string>;
}

export interface Pod extends Resource {
  spec: {
    nodeName?: string;
    volumes?: {
      name: string;
      persistentVolumeClaim?: { claimName: string; readOnly?: boolean };
      /** The name of its claim is `<pod>-<volume>`. */
      ephemeral?: object;
    }[];
    containers: { name: string }[];
  };
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    reason?: string;
    message?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface ContainerStatus {
  name: string;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: {
      exitCode: number;
      reason?: string;
      message?: string;
      startedAt?: string;
      finishedAt?: string;
    };
  };
}

export interface Job extends Resource {
  status?: {
    active?: number;
    succeeded?: number;
    failed?: number;
    startTime?: string;
    completionTime?: string;
    conditions?: { type: string; status: string; reason?: string }[];
  };
}

export interface Node extends Resource {
  spec?: { unschedulable?: boolean };
  status?: { conditions?: { type: string; status: string }[] };
}

export interface Namespace extends Resource {
  status?: { phase?: string };
}

/** A core/v1 Event. */
export interface Event extends Resource {
  involvedObject: { kind?: string; name?: string };
  type?: string;
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
}

function core<T extends Resource>(kind: string, plural: string, namespaced = true): Kind<T> {
  return { group: '', version: 'v1', kind, plural, namespaced };
}

export const persistentVolumeClaims = core<PersistentVolumeClaim>(
  'PersistentVolumeClaim',
  'persistentvolumeclaims',
);
export const persistentVolumes = core<PersistentVolume>('PersistentVolume', 'persistentvolumes', false);
export const secrets = core<Secret>('Secret', 'secrets');
export const configMaps = core<ConfigMap>('ConfigMap', 'configmaps');
export const pods = core<Pod>('Pod', 'pods');
export const nodes = core<Node>('Node', 'nodes', false);
export const namespaces = core<Namespace>('Namespace', 'namespaces', false);
export const events = core<Event>('Event', 'events');
export const jobs: Kind<Job> = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  namespaced: true,
};
export const storageClasses: Kind<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
};
export const volumeAttachments: Kind<VolumeAttachment> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  namespaced: false,
};
