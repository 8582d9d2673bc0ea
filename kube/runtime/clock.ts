/** The time source of the runtime; tests pass a clock that they advance. */
export interface Clock {
  /** Milliseconds since 1970, for timestamps in objects. It jumps if the machine's clock is set. */
  now(): number;
  /** Milliseconds since a fixed moment, for durations. It never decreases, even if the machine's clock is set. */
  monotonic(): number;
  /** Runs `action` once after `ms`; the returned function cancels it. The timer keeps the process alive only with `keepAlive`. */
  after(ms: number, action: () => void, keepAlive?: boolean): () => void;
}

// setTimeout runs at once for longer delays.
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, action, keepAlive = false) {
    const timer = setTimeout(action, Math.min(ms, LONGEST_MS));
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Resolves after `ms`, or at once if `signal` fires. It never rejects: check `signal.aborted` afterwards. It keeps the process
 * alive, unless `keepAlive` is false: a candidate that waits for the lease has no other handle that does.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal, keepAlive = true): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish, keepAlive);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
