import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Pause between two looks. Default 100 ms. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks until `check` answers true; an error counts as "not yet" and is told when time is up.
 * @throws Error naming `what` when `timeoutMs` has passed.
 */
export async function waitUntil(
  what: string,
  check: () => Promise<boolean> | boolean,
  { timeoutMs, intervalMs = 100, signal }: WaitOptions,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      if (await check()) return;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`${what}: not there after ${timeoutMs / 1000} s${why}`, { cause: last });
    }
    await delay(intervalMs, undefined, signal ? { signal } : {});
  }
}
