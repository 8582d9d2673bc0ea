import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Pause between two checks. Default 100 ms. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Repeats `check` until it returns true. An error counts as "not yet"; the timeout error includes the last one.
 * @throws Error naming `what` if `timeoutMs` has passed
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
