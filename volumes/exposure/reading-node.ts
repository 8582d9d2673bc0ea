import { pods, type PersistentVolume, type Pod } from '../../api/kubernetes/core.ts';
import type { VolumeAccess } from '../volume-access.ts';
import { onlyNode } from './nodes.ts';

export interface LiveVolume {
  /** Of the claim. */
  namespace: string;
  claimName: string;
  /** All of it; the cache keeps only a part. */
  volume: PersistentVolume;
  signal: AbortSignal;
}

/**
 * On which node a volume in use can be read by a second pod: where the application runs, unless the volume can be mounted
 * on several nodes. `undefined`: on any that the volume itself allows.
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
  // The same path is another folder on another node, and reading the wrong one would even succeed.
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
