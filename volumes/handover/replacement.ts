import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { annotations as keys } from '../../api/common/keys.ts';

/** A claim that is to be replaced, as recorded in the status of the request. */
export type ReplacedClaim = Record<string, unknown>;

/** Annotations that Kubernetes writes on a claim about its volume. */
const ABOUT_THE_VOLUME = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  keys.replacedBy,
];

/**
 * Returns everything that a new claim with the same name needs to be equal for its users, and the version of the claim that was
 * recorded.
 */
export function recordOf({ metadata, spec }: PersistentVolumeClaim): ReplacedClaim {
  const { labels, annotations = {}, ownerReferences, resourceVersion } = metadata;
  const { volumeName: _, ...wishes } = spec;
  const kept = Object.entries(annotations).filter(([key]) => !ABOUT_THE_VOLUME.includes(key));
  return {
    resourceVersion,
    metadata: {
      annotations: Object.fromEntries(kept),
      ...(labels !== undefined && { labels }),
      ...(ownerReferences !== undefined && {
        // blockOwnerDeletion requires permissions on the owner.
        ownerReferences: ownerReferences.map(({ blockOwnerDeletion: _, ...owner }) => owner),
      }),
    },
    spec: wishes,
  };
}

/** The claim to create again, its volume, and the request that does it (`namespace/name`). */
export interface Replacement {
  key: { namespace: string; name: string };
  volumeName: string;
  restore: string;
}

/** Returns the new claim for the restored volume. Until it is bound, its annotation names the restore. */
export function claimFrom(
  record: ReplacedClaim,
  { key, volumeName, restore }: Replacement,
): PersistentVolumeClaim {
  const { metadata, spec } = record as unknown as Partial<PersistentVolumeClaim>;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...metadata,
      ...key,
      annotations: { ...metadata?.annotations, [keys.replacedBy]: restore },
    },
    spec: { ...spec, volumeName },
  };
}

/** Returns true if this version of the claim was recorded. */
export function isRecorded(record: ReplacedClaim | undefined, { metadata }: PersistentVolumeClaim): boolean {
  return record?.['resourceVersion'] === metadata.resourceVersion;
}
