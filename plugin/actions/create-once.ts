import type { Kind, Resource } from '../../api/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isAlreadyExists } from '../../kube/client/kube-error.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { retryTransient } from '../retry.ts';

/**
 * Creates an object under a deterministic name. One that is there already is the same one, made by an earlier attempt;
 * that also makes the create safe to repeat when its answer was lost.
 *
 * @returns true when this very call made it.
 */
export async function createOnce<T extends Resource>(
  kube: KubeClient,
  kind: Kind<T>,
  object: T,
  options: { clock: Clock; signal: AbortSignal },
): Promise<boolean> {
  try {
    await retryTransient(options, () => kube.create(kind, object, { signal: options.signal }));
    return true;
  } catch (error) {
    if (isAlreadyExists(error)) return false;
    throw error;
  }
}
