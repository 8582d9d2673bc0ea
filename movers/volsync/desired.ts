import type {
  ReplicationDestination,
  ReplicationSource,
  ResticVolumeOptions,
} from '../../api/volsync/v1alpha1.ts';
import { HIDDEN } from '../../api/datamover/v1alpha1/own-labels.ts';
import { affinityOf } from '../restic-repository/job/affinity.ts';
import type { Access } from '../restic-repository/access/credentials.ts';
import { metadataOf, withLocation } from '../restic-repository/job/request-objects.ts';
import { CUSTOM_CA_KEY } from '../restic-repository/access/restic-secret.ts';
import type { MoverRequest, RestoreMoverRequest } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';

/** Builds the objects that ask VolSync for one transfer. Pure: what goes in decides what comes out. */

const API_VERSION = 'volsync.backube/v1alpha1';

/**
 * Without retention VolSync keeps only the newest snapshot of a repository and so deletes what older Velero backups
 * need. What a living backup refers to goes when that backup is deleted, never by age.
 */
const KEEP_ALL = '2147483647';

/** VolSync counts a new ReplicationSource's days from its creation; ours lives minutes, so its mover never prunes. */
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
        // VolSync knows no snapshot ids, only times; that it took the right one is checked afterwards.
        ...(request.snapshotTime !== undefined && { restoreAsOf: toSeconds(request.snapshotTime) }),
      },
    },
  };
}

/** Everything VolSync would otherwise guess is said. */
function volumeOptions(request: Request, { data }: Access): ResticVolumeOptions {
  const { config, storageClassName } = request;
  const cacheClass = config.cacheStorageClassName ?? storageClassName;
  const affinity = affinityOf(request);
  return {
    repository: request.name,
    copyMethod: 'Direct',
    cacheCapacity: config.cacheCapacity,
    cacheAccessModes: config.cacheAccessModes,
    // VolSync gives its pods no label of the object that they serve.
    moverPodLabels: HIDDEN,
    ...(cacheClass !== undefined && { cacheStorageClassName: cacheClass }),
    ...(CUSTOM_CA_KEY in data && { customCA: { secretName: request.name, key: CUSTOM_CA_KEY } }),
    ...(config.moverSecurityContext !== undefined && { moverSecurityContext: config.moverSecurityContext }),
    ...(config.moverServiceAccount !== undefined && { moverServiceAccount: config.moverServiceAccount }),
    ...(config.moverResources !== undefined && { moverResources: config.moverResources }),
    ...(affinity !== undefined && { moverAffinity: affinity }),
  };
}

/** restic lists snapshots to the second and VolSync takes those up to and including this one. */
function toSeconds(time: string): string {
  return new Date(Math.floor(Date.parse(time) / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
