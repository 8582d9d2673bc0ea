import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict, isTransient } from '../../kube/client/kube-error.ts';

/** As often as a controller looks at what nobody tells it of. */
export const LOOK_MS = 500;

/** Longer than anything takes that ends at all. */
const LIMIT_MS = 180_000;

/** Looks again and again until there is an answer. @throws Error that names `what`, after three minutes. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > giveUpAt) throw new Error(`waited three minutes for ${what}`);
    await sleep(LOOK_MS);
  }
}

/** Trouble of the cluster's own, after which a controller calls again. */
export function isPassing(error: unknown): boolean {
  return isTransient(error) || isConflict(error);
}
