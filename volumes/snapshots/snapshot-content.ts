import type { Resource } from '../../api/kubernetes/meta.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';

/** Whether a content says itself that it is this very snapshot's: what only the snapshot says may be written by a tenant. */
export function isBoundTo({ spec }: VolumeSnapshotContent, { metadata }: VolumeSnapshot): boolean {
  const { namespace, name, uid } = spec.volumeSnapshotRef;
  return uid === metadata.uid && name === metadata.name && namespace === metadata.namespace;
}

/**
 * Whether a snapshot in a tenant's namespace was made for a request. Only the owner reference says so: it lets Kubernetes
 * delete the snapshot with the request in any case.
 */
export function isMadeFor(requestUid: string, { metadata }: Resource): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === requestUid) === true;
}

/** Whether the content of a snapshot was made for it, and not provided by an administrator, who then decides about its policy. */
export function isCutFromClaim({ spec }: VolumeSnapshot): boolean {
  return spec.source.persistentVolumeClaimName !== undefined;
}
