import type { Condition, Kind, Resource } from '../kubernetes/meta.ts';

/** The fields of `volsync.backube/v1alpha1` that this project uses (restic mover, manual trigger). */

export interface ReplicationStatus {
  lastSyncTime?: string;
  lastSyncStartTime?: string;
  lastManualSync?: string;
  latestMoverStatus?: { result?: 'Successful' | 'Failed'; logs?: string };
  conditions?: Condition[];
}

/** The fields that source and destination have in common. */
export interface ResticVolumeOptions {
  repository: string;
  copyMethod: 'Direct';
  cacheCapacity?: string;
  cacheStorageClassName?: string;
  cacheAccessModes?: string[];
  customCA?: { secretName: string; key: string };
  moverSecurityContext?: Record<string, unknown>;
  moverServiceAccount?: string;
  moverResources?: Record<string, unknown>;
  moverAffinity?: Record<string, unknown>;
  moverPodLabels?: Record<string, string>;
}

export interface ReplicationSource extends Resource {
  spec: {
    sourcePVC: string;
    trigger: { manual: string };
    paused?: boolean;
    /** Another program moves the data; VolSync does nothing. Never together with `restic`. */
    external?: Record<string, never>;
    restic?: ResticVolumeOptions & {
      pruneIntervalDays?: number;
      retain?: { last?: string };
      unlock?: string;
    };
  };
  status?: ReplicationStatus & { restic?: { lastUnlocked?: string } };
}

export interface ReplicationDestination extends Resource {
  spec: {
    trigger: { manual: string };
    paused?: boolean;
    /** Another program moves the data; VolSync does nothing. Never together with `restic`. */
    external?: Record<string, never>;
    restic?: ResticVolumeOptions & {
      destinationPVC: string;
      restoreAsOf?: string;
      previous?: number;
      enableFileDeletion?: boolean;
      cleanupCachePVC?: boolean;
    };
  };
  status?: ReplicationStatus;
}

const GROUP = 'volsync.backube';

export const replicationSources: Kind<ReplicationSource> = {
  group: GROUP,
  version: 'v1alpha1',
  kind: 'ReplicationSource',
  plural: 'replicationsources',
  namespaced: true,
};
export const replicationDestinations: Kind<ReplicationDestination> = {
  group: GROUP,
  version: 'v1alpha1',
  kind: 'ReplicationDestination',
  plural: 'replicationdestinations',
  namespaced: true,
};
