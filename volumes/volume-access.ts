import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../api/kubernetes/core.ts';
import type {
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../api/kubernetes/snapshot.ts';
import type { Lister } from '../kube/cache/lister.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import type { Creator } from '../kube/runtime/creator.ts';
import type { Cleaner } from '../kube/runtime/deleter.ts';

/** Index of PersistentVolumes by `namespace/name` of their current or former claim. */
export const CLAIM_INDEX = 'claim';

/** Index of alias PersistentVolumes by the name of the volume that they show. */
export const ALIAS_INDEX = 'alias';

/** Index of claims that were created for requests, by namespace. */
export const OWN_INDEX = 'own';

/** Index of VolumeSnapshotContents by the request that they were created for. */
export const REQUEST_INDEX = 'request';

/** Caches over all namespaces of one cluster. */
export interface VolumeListers {
  /** Indexed by {@link OWN_INDEX}. */
  claims: Lister<PersistentVolumeClaim>;
  /** Indexed by {@link CLAIM_INDEX} and {@link ALIAS_INDEX}. */
  volumes: Lister<PersistentVolume>;
  storageClasses: Lister<StorageClass>;
  nodes: Lister<Node>;
  /** Only those with our request label. */
  snapshots: Lister<VolumeSnapshot>;
  /** Only those with our request label. Indexed by {@link REQUEST_INDEX}. */
  snapshotContents: Lister<VolumeSnapshotContent>;
  snapshotClasses: Lister<VolumeSnapshotClass>;
}

/** Access to the volumes of one cluster, for all functions of this folder. */
export interface VolumeAccess {
  client: KubeClient;
  /** The namespace of staging claims and snapshots. */
  namespace: string;
  listers: VolumeListers;
  creator: Creator;
  cleaner: Cleaner;
}
