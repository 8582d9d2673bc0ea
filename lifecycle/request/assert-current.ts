import { formatKey, keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { KubeError } from '../../kube/client/kube-error.ts';

/**
 * Throws a conflict if the API server has a newer version of the request than the pass read. Call it before work that must not
 * be done twice: right after a change of leader the cache may lack what the former leader recorded.
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
