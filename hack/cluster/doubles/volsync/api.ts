import type { Condition, Kind, OwnerReference, Resource } from '../../../../api/kubernetes/meta.ts';

/**
 * `volsync.backube/v1alpha1` as the double serves it. It intentionally covers more than the product's controller uses, because
 * the double must not share that controller's view of VolSync.
 */
export const GROUP = 'volsync.backube';
const VERSION = 'v1alpha1';

export interface Trigger {
  schedule?: string;
  manual?: string;
}

export interface MoverVolume {
  mountPath: string;
  volumeSource: {
    secret?: { secretName?: string };
    persistentVolumeClaim?: { claimName: string };
    nfs?: Record<string, unknown>;
  };
}

/** Fields of the restic mover that sources and destinations share. */
export interface ResticSpec {
  copyMethod?: string;
  capacity?: string | number;
  storageClassName?: string;
  accessModes?: string[];
  volumeSnapshotClassName?: string;
  repository?: string;
  customCA?: { secretName?: string; configMapName?: string; key?: string };
  cacheCapacity?: string | number;
  cacheStorageClassName?: string;
  cacheAccessModes?: string[];
  moverSecurityContext?: Record<string, unknown>;
  moverServiceAccount?: string;
  moverPodLabels?: Record<string, string>;
  moverResources?: Record<string, unknown>;
  moverAffinity?: Record<string, unknown>;
  moverVolumes?: MoverVolume[];
}

export interface Retain {
  hourly?: number;
  daily?: number;
  weekly?: number;
  monthly?: number;
  yearly?: number;
  within?: string;
  last?: string;
}

export interface ResticSourceSpec extends ResticSpec {
  pruneIntervalDays?: number;
  retain?: Retain;
  unlock?: string;
}

export interface ResticDestinationSpec extends ResticSpec {
  destinationPVC?: string;
  cleanupTempPVC?: boolean;
  cleanupCachePVC?: boolean;
  previous?: number;
  restoreAsOf?: string;
  enableFileDeletion?: boolean;
}

export interface MoverStatus {
  result?: 'Successful' | 'Failed';
  logs?: string;
}

/** Status fields that both kinds have; the state machine uses only these. */
export interface ReplicationStatus {
  lastSyncTime?: string;
  lastSyncStartTime?: string;
  lastSyncDuration?: string;
  nextSyncTime?: string;
  lastManualSync?: string;
  latestMoverStatus?: MoverStatus;
  conditions?: Condition[];
  /** Sources only. */
  restic?: { lastPruned?: string; lastUnlocked?: string };
  /** Destinations only. */
  latestImage?: { apiGroup: string; kind: string; name: string };
}

export interface Replication extends Resource {
  spec?: {
    trigger?: Trigger;
    paused?: boolean;
    external?: object;
    rclone?: object;
    rsync?: object;
    rsyncTLS?: object;
    syncthing?: object;
    restic?: ResticSpec;
  };
  status?: ReplicationStatus;
}

export interface ReplicationSource extends Replication {
  spec?: Replication['spec'] & { sourcePVC?: string; restic?: ResticSourceSpec };
}

export interface ReplicationDestination extends Replication {
  spec?: Replication['spec'] & { restic?: ResticDestinationSpec };
}

export const replicationSources: Kind<ReplicationSource> = {
  group: GROUP,
  version: VERSION,
  kind: 'ReplicationSource',
  plural: 'replicationsources',
  namespaced: true,
};
export const replicationDestinations: Kind<ReplicationDestination> = {
  group: GROUP,
  version: VERSION,
  kind: 'ReplicationDestination',
  plural: 'replicationdestinations',
  namespaced: true,
};

/** Returns the owner reference through which garbage collection deletes the children of a CR. */
export function ownerReferenceOf(owner: Replication): OwnerReference {
  const { name, uid = '' } = owner.metadata;
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: owner.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
