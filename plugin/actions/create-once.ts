import type { Kind, Resource } from '../../api/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isAlreadyExists, isTransient } from '../../kube/client/kube-error.ts';
import { sleep, type Clock } from '../../kube/runtime/clock.ts';

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;

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
  for (let attempt = 1; ; attempt++) {
    try {
      await kube.create(kind, object, { signal: options.signal });
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      if (!isTransient(error) || attempt === ATTEMPTS) throw error;
      await sleep(options.clock, FIRST_PAUSE_MS * 2 ** (attempt - 1), options.signal);
      options.signal.throwIfAborted();
    }
  }
}
