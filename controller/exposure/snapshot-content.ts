import type { VolumeSnapshot, VolumeSnapshotContent } from '../../api/external/snapshot.ts';

/** Whether a content says itself that it is this very snapshot's: what only the snapshot says may be written by a tenant. */
export function isBoundTo({ spec }: VolumeSnapshotContent, { metadata }: VolumeSnapshot): boolean {
  const { namespace, name, uid } = spec.volumeSnapshotRef;
  return uid === metadata.uid && name === metadata.name && namespace === metadata.namespace;
}
