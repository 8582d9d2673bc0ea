import type { Clock } from '../runtime/clock.ts';

/** Growing waits between attempts, with jitter, that start over after a healthy time. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
}

export interface BackoffOptions {
  clock: Clock;
  /** 0..1, default `Math.random`. */
  random?: () => number;
  /** First wait. Default 0.8 s. */
  baseMs?: number;
  /** Longest wait, jitter not counted. Default 30 s. */
  maxMs?: number;
  /** Without a failure for this long, the next wait is the first one again. Default 2 min. */
  resetAfterMs?: number;
}

/** The waits of client-go's reflector: doubling, each up to twice as long so that clients do not march in step. */
export function createBackoff(options: BackoffOptions): Backoff {
  const { clock, random = Math.random, baseMs = 800, maxMs = 30_000, resetAfterMs = 120_000 } = options;
  let count = 0;
  let lastAt = -Infinity;
  return {
    next() {
      if (clock.monotonic() - lastAt >= resetAfterMs) count = 0;
      const ms = Math.min(baseMs * 2 ** count, maxMs) * (1 + random());
      count++;
      // The wait itself is not healthy time.
      lastAt = clock.monotonic() + ms;
      return ms;
    },
  };
}
