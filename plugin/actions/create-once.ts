import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isAlreadyExists } from '../../kube/client/kube-error.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { retryTransient } from '../retry.ts';

/**
 * Creates an object under a deterministic name. One that is there already is the same one, made by an earlier attempt;
 * that also makes the create safe to repeat when its answer was lost.
 *
 * @returns the object as it stands in the cluster.
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
    // It was there a moment ago: somebody deletes it just now.
    if (found === undefined) throw error;
    return found;
  }
}
