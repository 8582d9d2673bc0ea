import { isTransient } from '../kube/client/kube-error.ts';
import { sleep, type Clock } from '../kube/runtime/clock.ts';

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;

/** Retries transient errors a few times, because Velero treats the first error as final. */
export async function retryTransient<T>(
  options: { clock: Clock; signal?: AbortSignal },
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error) || tries === ATTEMPTS) throw error;
      await sleep(options.clock, FIRST_PAUSE_MS * 2 ** (tries - 1), options.signal);
      options.signal?.throwIfAborted();
    }
  }
}
