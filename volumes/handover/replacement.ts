import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import type { ReplacedClaim } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations as keys } from '../../api/datamover/v1alpha1/keys.ts';

/** What Kubernetes writes on a claim about the volume that it has. */
const ABOUT_THE_VOLUME = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  keys.replacedBy,
];

/** All that another claim of the same name needs to be the same to whoever uses it, and which version of it that was. */
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
        // To block an owner's deletion takes rights on the owner.
        ownerReferences: ownerReferences.map(({ blockOwnerDeletion: _, ...owner }) => owner),
      }),
    },
    spec: wishes,
  };
}

/** Which claim is made anew, for which volume, and by which DataMoverRestore (`namespace/name`). */
export interface Renewal {
  key: { namespace: string; name: string };
  volumeName: string;
  restore: string;
}

/** The claim made anew, for a volume that waits for it; until it has that, it says for whom it is out of use. */
export function claimFrom(
  record: ReplacedClaim,
  { key, volumeName, restore }: Renewal,
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

/** True for the very version of the claim that was recorded. */
export function isRecorded(record: ReplacedClaim | undefined, { metadata }: PersistentVolumeClaim): boolean {
  return record?.['resourceVersion'] === metadata.resourceVersion;
}
