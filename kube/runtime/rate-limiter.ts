import type { Clock } from './clock.ts';

/** Says how long an item has to wait before its next attempt. */
export interface RateLimiter {
  /** The wait in milliseconds; asking counts as one more attempt. */
  when(item: string): number;
  /** The item succeeded: its next wait is the shortest again. */
  forget(item: string): void;
  /** Attempts since the last `forget`. */
  retries(item: string): number;
}

export interface ExponentialOptions {
  /** Wait before the second attempt. Default 1 s. */
  baseMs?: number;
  /** Longest wait. Default 5 min. */
  maxMs?: number;
}

/** Doubles the wait of each item on its own. */
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
  /** Attempts that may go at once after a quiet time. Default 100. */
  burst?: number;
  clock: Clock;
}

/** A token bucket over all items: keeps a storm of failures from becoming a storm of calls. */
export function bucketLimiter(options: BucketOptions): RateLimiter {
  const { perSecond = 10, burst = 100, clock } = options;
  const msPerToken = 1000 / perSecond;
  // The moment at which the bucket was or will be full; each attempt moves it one token further away.
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

/** The longest wait that any of the limiters asks for. */
export function maxOfLimiters(...limiters: RateLimiter[]): RateLimiter {
  return {
    when: (item) => Math.max(...limiters.map((limiter) => limiter.when(item))),
    forget: (item) => limiters.forEach((limiter) => limiter.forget(item)),
    retries: (item) => Math.max(...limiters.map((limiter) => limiter.retries(item))),
  };
}
