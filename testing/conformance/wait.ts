import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict, isTransient } from '../../kube/client/kube-error.ts';

/** Poll interval, milliseconds. */
export const LOOK_MS = 500;

/** Time limit, milliseconds: longer than anything takes that succeeds. */
const LIMIT_MS = 180_000;

/** Polls until `look` returns a value. @throws Error that names `what`, after three minutes. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > giveUpAt) throw new Error(`waited three minutes for ${what}`);
    await sleep(LOOK_MS);
  }
}

/** Returns true for transient errors of the cluster, after which a controller retries. */
export function isPassing(error: unknown): boolean {
  return isTransient(error) || isConflict(error);
}
