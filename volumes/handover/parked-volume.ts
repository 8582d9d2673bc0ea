import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { annotations } from '../../api/common/keys.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

/** The request that parks volumes, and the client of its cluster. */
export interface Parking {
  client: KubeClient;
  requestUid: string;
  signal: AbortSignal;
}

/**
 * Parks a volume: takes its claim out of use without harm to the data, and so that it can be undone. The volume gets policy
 * Retain and a claimRef with a uid that no claim has. Kubernetes then sets the claim to Lost, the scheduler does not place pods
 * that use it, and no kubelet mounts it. Conditional on the version that was read.
 */
export async function parkVolume(
  { client, requestUid, signal }: Parking,
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): Promise<void> {
  const { name, resourceVersion } = volume.metadata;
  const note = {
    requestUID: requestUid,
    claim: formatKey(keyOf(claim)),
    claimUID: claim.metadata.uid,
    reclaimPolicy: volume.spec.persistentVolumeReclaimPolicy,
  };
  const patch = {
    metadata: { resourceVersion, annotations: { [annotations.setAside]: JSON.stringify(note) } },
    spec: {
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { uid: requestUid, resourceVersion: null },
    },
  };
  await client.mergePatch(persistentVolumes, { name }, patch, { signal });
}

/**
 * Records on a claim the restore that replaces it; `undefined` removes the record. The change also makes Kubernetes check the
 * claim at once instead of after up to 15 s.
 */
export async function annotateReplacedBy(
  { client, signal }: Pick<Parking, 'client' | 'signal'>,
  { metadata }: PersistentVolumeClaim,
  restore: string | undefined,
): Promise<void> {
  if (metadata.annotations?.[annotations.replacedBy] === restore) return;
  const { name, namespace = '', uid } = metadata;
  const patch = { metadata: { uid, annotations: { [annotations.replacedBy]: restore ?? null } } };
  await client.mergePatch(persistentVolumeClaims, { namespace, name }, patch, { signal });
}

/** Returns true if the volume is parked for this request. */
export function isParked(volume: PersistentVolume, requestUid: string): boolean {
  return parkingNote(volume)?.requestUID === requestUid;
}

/** Returns true if the volume is parked for another request. */
export function isParkedByOther(volume: PersistentVolume, requestUid: string): boolean {
  const note = parkingNote(volume);
  return note !== undefined && note.requestUID !== requestUid;
}

function parkingNote({ metadata }: PersistentVolume): { requestUID?: string } | undefined {
  const text = metadata.annotations?.[annotations.setAside];
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as { requestUID?: string } | null) ?? {};
  } catch {
    return {};
  }
}

/** Gives a parked volume to a claim with its old name; it stays parked until the claim is bound. */
export async function rebindVolume(
  { client, signal }: Parking,
  { metadata: { name, resourceVersion } }: PersistentVolume,
  claim: PersistentVolumeClaim,
): Promise<void> {
  const patch = { metadata: { resourceVersion }, spec: { claimRef: { uid: claim.metadata.uid } } };
  await client.mergePatch(persistentVolumes, { name }, patch, { signal });
}

/** Removes the parking record and restores the reclaim policy, which Kubernetes may apply if the claim was deleted. */
export async function unparkVolume(
  { client, signal }: Parking,
  { metadata: { name, resourceVersion } }: PersistentVolume,
  reclaimPolicy: string,
): Promise<void> {
  const patch = {
    metadata: { resourceVersion, annotations: { [annotations.setAside]: null } },
    spec: { persistentVolumeReclaimPolicy: reclaimPolicy },
  };
  await client.mergePatch(persistentVolumes, { name }, patch, { signal });
}
