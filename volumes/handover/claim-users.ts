import { pods, volumeAttachments, type PersistentVolumeClaim, type Pod } from '../../api/kubernetes/core.ts';
import { ALIAS_INDEX, type VolumeAccess } from '../volume-access.ts';

/** The finalizer that Kubernetes sets on every claim to protect one in use. */
const PROTECTION = 'kubernetes.io/pvc-protection';

/**
 * Returns who uses a claim or may write to its volume now: pods with a node, nodes with the volume attached, holders of a
 * finalizer, and a backup that reads its volume. `undefined` if none does. Reads pods and attachments from the API server, not
 * from a cache.
 */
export async function usersOf(
  {
    client,
    listers,
  }: Pick<VolumeAccess, 'client'> & {
    listers: { volumes: Pick<VolumeAccess['listers']['volumes'], 'byIndex'> };
  },
  claim: PersistentVolumeClaim,
  volumeName: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { namespace = '', name, finalizers = [] } = claim.metadata;
  const holders = finalizers.filter((finalizer) => finalizer !== PROTECTION);
  if (holders.length > 0) return `it is held by finalizer ${holders.join(', ')}`;
  const [alias] = listers.volumes.byIndex(ALIAS_INDEX, volumeName);
  if (alias !== undefined) return `a backup reads its volume as PersistentVolume ${alias.metadata.name}`;
  const users: string[] = [];
  for await (const pod of client.list(pods, { namespace, signal }))
    if (isUser(pod, name)) users.push(pod.metadata.name);
  if (users.length > 0) return `it is used by pod ${users.join(', ')}`;
  for await (const { spec } of client.list(volumeAttachments, { signal })) {
    if (spec.source.persistentVolumeName === volumeName)
      return `its volume ${volumeName} is attached to node ${spec.nodeName}`;
  }
  return undefined;
}

/** A pod without a node has not mounted its volumes yet; a pod that has ended will not mount them again. */
function isUser({ metadata, spec, status }: Pod, claimName: string): boolean {
  if (spec.nodeName === undefined || spec.nodeName === '') return false;
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  return (spec.volumes ?? []).some(
    ({ name, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === claimName ||
      (ephemeral !== undefined && `${metadata.name}-${name}` === claimName),
  );
}
