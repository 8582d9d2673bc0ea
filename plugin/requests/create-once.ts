import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isAlreadyExists } from '../../kube/client/kube-error.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { retryTransient } from '../retry.ts';

/**
 * Creates an object with a deterministic name. If it already exists, an earlier attempt created it, so a create whose response
 * was lost can be retried.
 *
 * @returns the object as it exists in the cluster.
 */
export async function createOnce<T extends Resource>(
  kube: KubeClient,
  kind: Kind<T>,
  object: T,
  options: { clock: Clock; signal: AbortSignal },
): Promise<T> {
  const { signal } = options;
  try {
    return await retryTransient(options, () => kube.create(kind, object, { signal }));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = await retryTransient(options, () => kube.get(kind, keyOf(object), { signal }));
    // It existed a moment ago, so it is just being deleted.
    if (found === undefined) throw error;
    return found;
  }
}
