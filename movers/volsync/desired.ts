import type {
  ReplicationDestination,
  ReplicationSource,
  ResticVolumeOptions,
} from '../../api/volsync/v1alpha1.ts';
import { EXCLUDED } from '../../api/common/own-labels.ts';
import { affinityOf } from '../restic-repository/job/affinity.ts';
import type { Access } from '../restic-repository/access/credentials.ts';
import { metadataOf, withLocation } from '../restic-repository/job/request-objects.ts';
import { CUSTOM_CA_KEY } from '../restic-repository/access/restic-secret.ts';
import type { MoverRequest, RestoreMoverRequest } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';

/** Builds the VolSync objects for one transfer. Pure functions. */

const API_VERSION = 'volsync.backube/v1alpha1';

/**
 * Value of the retention settings. Without retention, VolSync keeps only the newest snapshot of a repository and deletes those
 * that older Velero backups need. Snapshots are removed when their backup is deleted, never by age.
 */
const KEEP_ALL = '2147483647';

/**
 * VolSync counts days from the creation of the ReplicationSource. Ours exist for minutes, so with this value VolSync never
 * prunes.
 */
const NEVER_PRUNE_DAYS = 3650;

type Request = MoverRequest<VolSyncConfig>;

export function desiredSource(request: Request, namespace: string, access: Access): ReplicationSource {
  return {
    apiVersion: API_VERSION,
    kind: 'ReplicationSource',
    metadata: withLocation(metadataOf(request, namespace), access),
    spec: {
      sourcePVC: request.stagingClaim,
      trigger: { manual: request.name },
      restic: {
        ...volumeOptions(request, access),
        pruneIntervalDays: NEVER_PRUNE_DAYS,
        retain: { last: KEEP_ALL },
      },
    },
  };
}

export function desiredDestination(
  request: RestoreMoverRequest<VolSyncConfig>,
  namespace: string,
  access: Access,
): ReplicationDestination {
  return {
    apiVersion: API_VERSION,
    kind: 'ReplicationDestination',
    metadata: withLocation(metadataOf(request, namespace), access),
    spec: {
      trigger: { manual: request.name },
      restic: {
        ...volumeOptions(request, access),
        destinationPVC: request.stagingClaim,
        // VolSync selects a snapshot by time only, not by id; whether it selected the right one is checked afterwards.
        ...(request.snapshotTime !== undefined && { restoreAsOf: toSeconds(request.snapshotTime) }),
      },
    },
  };
}

/** Sets every option for which VolSync would otherwise choose a default. */
function volumeOptions(request: Request, { data }: Access): ResticVolumeOptions {
  const { config, storageClassName } = request;
  const cacheClass = config.cacheStorageClassName ?? storageClassName;
  const affinity = affinityOf(request);
  return {
    repository: request.name,
    copyMethod: 'Direct',
    cacheCapacity: config.cacheCapacity,
    cacheAccessModes: config.cacheAccessModes,
    // VolSync does not copy the labels of its object to its pods.
    moverPodLabels: EXCLUDED,
    ...(cacheClass !== undefined && { cacheStorageClassName: cacheClass }),
    ...(CUSTOM_CA_KEY in data && { customCA: { secretName: request.name, key: CUSTOM_CA_KEY } }),
    ...(config.moverSecurityContext !== undefined && { moverSecurityContext: config.moverSecurityContext }),
    ...(config.moverServiceAccount !== undefined && { moverServiceAccount: config.moverServiceAccount }),
    ...(config.moverResources !== undefined && { moverResources: config.moverResources }),
    ...(affinity !== undefined && { moverAffinity: affinity }),
  };
}

/** Truncates to seconds: restic lists snapshots to the second, and VolSync selects up to and including this time. */
function toSeconds(time: string): string {
  return new Date(Math.floor(Date.parse(time) / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
