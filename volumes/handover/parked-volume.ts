import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

/** Who sets volumes aside, in whose cluster. */
export interface Setter {
  client: KubeClient;
  requestUid: string;
  signal: AbortSignal;
}

/**
 * Takes a claim out of use without harm to its data, and so that it can be undone: the volume is told to belong to a claim
 * that does not exist, and to be kept. Kubernetes then calls the claim Lost, the scheduler finds no place for pods that
 * want it, and no kubelet mounts it. Conditional on what was read.
 */
export async function setAside(
  { client, requestUid, signal }: Setter,
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
 * Says on a claim for whom it is out of use; `undefined`: that it no longer is. Kubernetes looks at a claim when the claim
 * changes, and otherwise only every quarter of a minute.
 */
export async function tellClaim(
  { client, signal }: Pick<Setter, 'client' | 'signal'>,
  { metadata }: PersistentVolumeClaim,
  restore: string | undefined,
): Promise<void> {
  if (metadata.annotations?.[annotations.replacedBy] === restore) return;
  const { name, namespace = '', uid } = metadata;
  const patch = { metadata: { uid, annotations: { [annotations.replacedBy]: restore ?? null } } };
  await client.mergePatch(persistentVolumeClaims, { namespace, name }, patch, { signal });
}

/** True for a volume that waits for the end of this request. */
export function isSetAside(volume: PersistentVolume, requestUid: string): boolean {
  return noteOn(volume)?.requestUID === requestUid;
}

/** The claim that a volume was taken from, for messages, when that was done for another request. */
export function isSetAsideByOther(volume: PersistentVolume, requestUid: string): boolean {
  const note = noteOn(volume);
  return note !== undefined && note.requestUID !== requestUid;
}

function noteOn({ metadata }: PersistentVolume): { requestUID?: string } | undefined {
  const text = metadata.annotations?.[annotations.setAside];
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as { requestUID?: string } | null) ?? {};
  } catch {
    return {};
  }
}

/** Gives a volume that was set aside to a claim of its old name; it is kept until the claim has it. */
export async function giveBack(
  { client, signal }: Setter,
  { metadata: { name, resourceVersion } }: PersistentVolume,
  claim: PersistentVolumeClaim,
): Promise<void> {
  const patch = { metadata: { resourceVersion }, spec: { claimRef: { uid: claim.metadata.uid } } };
  await client.mergePatch(persistentVolumes, { name }, patch, { signal });
}

/** The volume is what it was again: with its own policy, which Kubernetes may follow if its claim is gone. */
export async function letGo(
  { client, signal }: Setter,
  { metadata: { name, resourceVersion } }: PersistentVolume,
  reclaimPolicy: string,
): Promise<void> {
  const patch = {
    metadata: { resourceVersion, annotations: { [annotations.setAside]: null } },
    spec: { persistentVolumeReclaimPolicy: reclaimPolicy },
  };
  await client.mergePatch(persistentVolumes, { name }, patch, { signal });
}
