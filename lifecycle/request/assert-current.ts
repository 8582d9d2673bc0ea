import { formatKey, keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { KubeError } from '../../kube/client/kube-error.ts';

/**
 * Makes sure, before work begins that must not be done twice, that the pass looks at the newest version of its request:
 * right after a change of leader the cache may lag behind what the former leader recorded. Rejects with a conflict otherwise.
 */
export async function assertCurrent<T extends Resource>(
  client: KubeClient,
  kind: Kind<T>,
  read: T,
  signal: AbortSignal,
): Promise<void> {
  const live = await client.get(kind, keyOf(read), { signal });
  const { uid, resourceVersion } = live?.metadata ?? {};
  if (uid === read.metadata.uid && resourceVersion === read.metadata.resourceVersion) return;
  throw new KubeError({
    code: 409,
    reason: 'Conflict',
    message: `${kind.kind} ${formatKey(keyOf(read))} has changed since it was read`,
  });
}
