import type { Clock } from './clock.ts';

/** Computes how long an item waits before its next attempt. */
export interface RateLimiter {
  /** Returns the wait in milliseconds; each call counts as one more attempt. */
  when(item: string): number;
  /** Call this when the item succeeded: its next wait is the shortest one. */
  forget(item: string): void;
  /** Returns the attempts since the last `forget`. */
  retries(item: string): number;
}

export interface ExponentialOptions {
  /** Wait before the second attempt. Default 1 s. */
  baseMs?: number;
  /** Longest wait. Default 5 min. */
  maxMs?: number;
}

/** Creates a limiter that doubles the wait of each item separately. */
export function exponentialLimiter(options: ExponentialOptions = {}): RateLimiter {
  const { baseMs = 1_000, maxMs = 300_000 } = options;
  const failures = new Map<string, number>();
  return {
    when(item) {
      const count = failures.get(item) ?? 0;
      failures.set(item, count + 1);
      return Math.min(baseMs * 2 ** count, maxMs);
    },
    forget: (item) => void failures.delete(item),
    retries: (item) => failures.get(item) ?? 0,
  };
}

export interface BucketOptions {
  /** Attempts per second over all items. Default 10. */
  perSecond?: number;
  /** Attempts that need not wait after a quiet time. Default 100. */
  burst?: number;
  clock: Clock;
}

/** Creates a token bucket over all items, so many failures at once do not become many calls at once. */
export function bucketLimiter(options: BucketOptions): RateLimiter {
  const { perSecond = 10, burst = 100, clock } = options;
  const msPerToken = 1000 / perSecond;
  // The time at which the bucket was or will be full; each attempt adds the time of one token.
  let fullAt = clock.monotonic();
  return {
    when() {
      const now = clock.monotonic();
      fullAt = Math.max(fullAt, now) + msPerToken;
      return Math.max(0, fullAt - now - burst * msPerToken);
    },
    forget: () => undefined,
    retries: () => 0,
  };
}

/** Creates a limiter that returns the longest wait of several limiters. */
export function maxOfLimiters(...limiters: RateLimiter[]): RateLimiter {
  return {
    when: (item) => Math.max(...limiters.map((limiter) => limiter.when(item))),
    forget: (item) => limiters.forEach((limiter) => limiter.forget(item)),
    retries: (item) => Math.max(...limiters.map((limiter) => limiter.retries(item))),
  };
}
