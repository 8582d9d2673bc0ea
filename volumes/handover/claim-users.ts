import { pods, volumeAttachments, type PersistentVolumeClaim, type Pod } from '../../api/kubernetes/core.ts';
import { ALIAS_INDEX, type VolumeAccess } from '../volume-access.ts';

/** The finalizer that every claim has: Kubernetes' own guard against what is asked here. */
const PROTECTION = 'kubernetes.io/pvc-protection';

/**
 * Who uses a claim or may write to its volume at this moment, by the API server's own word and no cache's: pods that have a
 * node, nodes that have the volume, and whoever holds the claim by a finalizer. `undefined` when nobody does.
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

/** A pod without a node has not come to its volumes yet, and one that has ended will not come back to them. */
function isUser({ metadata, spec, status }: Pod, claimName: string): boolean {
  if (spec.nodeName === undefined || spec.nodeName === '') return false;
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  return (spec.volumes ?? []).some(
    ({ name, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === claimName ||
      (ephemeral !== undefined && `${metadata.name}-${name}` === claimName),
  );
}
