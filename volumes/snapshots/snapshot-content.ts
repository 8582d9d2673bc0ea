import type { Resource } from '../../api/kubernetes/meta.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';

/**
 * Returns true if the content refers to this snapshot. A reference in the snapshot alone proves nothing, because a tenant may
 * have written it.
 */
export function isBoundTo({ spec }: VolumeSnapshotContent, { metadata }: VolumeSnapshot): boolean {
  const { namespace, name, uid } = spec.volumeSnapshotRef;
  return uid === metadata.uid && name === metadata.name && namespace === metadata.namespace;
}

/**
 * Returns true if a snapshot in a tenant's namespace was created for a request. Only the owner reference proves it: with it
 * Kubernetes deletes the snapshot together with the request in any case.
 */
export function isMadeFor(requestUid: string, { metadata }: Resource): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === requestUid) === true;
}

/** Returns true if the content was created for the snapshot. Otherwise an administrator provided it and chooses its policy. */
export function isCutFromClaim({ spec }: VolumeSnapshot): boolean {
  return spec.source.persistentVolumeClaimName !== undefined;
}
