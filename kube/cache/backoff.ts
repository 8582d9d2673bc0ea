import type { Clock } from '../runtime/clock.ts';

/** Growing waits with jitter between attempts. They restart after a time without failures. */
export interface Backoff {
  /** Returns the milliseconds to wait before the next attempt. */
  next(): number;
}

export interface BackoffOptions {
  clock: Clock;
  /** 0..1, default `Math.random`. */
  random?: () => number;
  /** First wait. Default 0.8 s. */
  baseMs?: number;
  /** Longest wait, without jitter. Default 30 s. */
  maxMs?: number;
  /** After this time without a failure, the next wait is the first one again. Default 2 min. */
  resetAfterMs?: number;
}

/**
 * Creates the backoff of client-go's reflector: each wait is doubled, with jitter of up to 100 % so clients do not retry at the
 * same time.
 */
export function createBackoff(options: BackoffOptions): Backoff {
  const { clock, random = Math.random, baseMs = 800, maxMs = 30_000, resetAfterMs = 120_000 } = options;
  let count = 0;
  let lastAt = -Infinity;
  return {
    next() {
      if (clock.monotonic() - lastAt >= resetAfterMs) count = 0;
      const ms = Math.min(baseMs * 2 ** count, maxMs) * (1 + random());
      count++;
      // The wait itself does not count as time without failures.
      lastAt = clock.monotonic() + ms;
      return ms;
    },
  };
}
