import type { Kind, Resource } from './meta.ts';

/** The fields of `snapshot.storage.k8s.io/v1` that this project reads or writes. */

const GROUP = 'snapshot.storage.k8s.io';

export interface VolumeSnapshot extends Resource {
  spec: {
    volumeSnapshotClassName?: string;
    source: { persistentVolumeClaimName?: string; volumeSnapshotContentName?: string };
  };
  status?: {
    boundVolumeSnapshotContentName?: string;
    creationTime?: string;
    readyToUse?: boolean;
    restoreSize?: string;
    error?: { message?: string; time?: string };
  };
}

export interface VolumeSnapshotContent extends Resource {
  spec: {
    deletionPolicy: 'Delete' | 'Retain';
    driver: string;
    source: { volumeHandle?: string; snapshotHandle?: string };
    sourceVolumeMode?: 'Filesystem' | 'Block';
    volumeSnapshotClassName?: string;
    volumeSnapshotRef: { apiVersion?: string; kind?: string; namespace: string; name: string; uid?: string };
  };
  status?: {
    snapshotHandle?: string;
    /** Nanoseconds since 1970. */
    creationTime?: number;
    readyToUse?: boolean;
    /** Bytes. */
    restoreSize?: number;
    error?: { message?: string; time?: string };
  };
}

export interface VolumeSnapshotClass extends Resource {
  driver: string;
  deletionPolicy: 'Delete' | 'Retain';
  parameters?: Record<string, string>;
}

export const volumeSnapshots: Kind<VolumeSnapshot> = {
  group: GROUP,
  version: 'v1',
  kind: 'VolumeSnapshot',
  plural: 'volumesnapshots',
  namespaced: true,
};
export const volumeSnapshotContents: Kind<VolumeSnapshotContent> = {
  group: GROUP,
  version: 'v1',
  kind: 'VolumeSnapshotContent',
  plural: 'volumesnapshotcontents',
  namespaced: false,
};
export const volumeSnapshotClasses: Kind<VolumeSnapshotClass> = {
  group: GROUP,
  version: 'v1',
  kind: 'VolumeSnapshotClass',
  plural: 'volumesnapshotclasses',
  namespaced: false,
};
