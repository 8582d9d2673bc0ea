import { pods, type PersistentVolume, type Pod } from '../../api/kubernetes/core.ts';
import type { VolumeAccess } from '../volume-access.ts';
import { onlyNode } from './nodes.ts';

export interface LiveVolume {
  /** The namespace of the claim. */
  namespace: string;
  claimName: string;
  /** The complete object; the cache has only a part of it. */
  volume: PersistentVolume;
  signal: AbortSignal;
}

/**
 * Returns the node on which a second pod can read a volume in use: the node of the application, unless several nodes can mount
 * the volume. `undefined`: any node that the volume allows.
 */
export async function readingNode(
  access: VolumeAccess,
  { namespace, claimName, volume, signal }: LiveVolume,
): Promise<{ node: string | undefined } | { problem: string }> {
  const { spec } = volume;
  if (isShared(spec)) return { node: undefined };
  for await (const pod of access.client.list(pods, { namespace, signal })) {
    if (uses(pod, claimName)) return { node: pod.spec.nodeName };
  }
  if (spec['hostPath'] === undefined || spec.nodeAffinity !== undefined) return { node: undefined };
  // On another node the same path is another folder, and reading it would succeed.
  const only = onlyNode(access.listers.nodes.list(), undefined);
  if (only !== undefined) return { node: only };
  return {
    problem: `no running pod uses PersistentVolumeClaim ${namespace}/${claimName}, so it is not known on which node the hostPath of PersistentVolume ${volume.metadata.name} holds the data; start such a pod, or give the volume a nodeAffinity`,
  };
}

function isShared({ accessModes = [], ...spec }: PersistentVolume['spec']): boolean {
  const several = accessModes.includes('ReadWriteMany') || accessModes.includes('ReadOnlyMany');
  return several && spec['hostPath'] === undefined && spec['local'] === undefined;
}

function uses({ spec, status }: Pod, claimName: string): boolean {
  if (spec.nodeName === undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed')
    return false;
  return spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claimName) === true;
}
