/** Time as the runtime sees it; tests pass a clock that they move by hand. */
export interface Clock {
  /** Milliseconds since 1970: for stamps in objects. It jumps when the machine's clock is set. */
  now(): number;
  /** Milliseconds since some fixed moment: for durations. It only goes forward, whatever is done to the machine's clock. */
  monotonic(): number;
  /**
   * Runs `action` once after `ms`; the answer cancels it. A waiting timer does not keep the process alive,
   * unless `keepAlive` says that somebody awaits it.
   */
  after(ms: number, action: () => void, keepAlive?: boolean): () => void;
}

// setTimeout runs at once when told to wait longer than this.
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
 * Resolves after `ms`, or at once when `signal` fires; it never rejects: look at `signal.aborted` afterwards.
 * The process stays alive meanwhile, unless `keepAlive` is false: a candidate that waits for another's lease has nothing else
 * that would keep it.
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
