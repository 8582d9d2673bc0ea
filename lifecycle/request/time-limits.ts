import type { Clock } from '../../kube/runtime/clock.ts';

/** Measures the waits of one request. */
export interface TimeLimits {
  /**
   * Returns the time (milliseconds since 1970, by the current wall clock) at which something that began at `since` has lasted
   * `seconds`. After the first call for `since`, the monotonic clock measures its age, so a change of the wall clock has no
   * effect.
   *
   * The result is at least {@link OBSERVED_MS} (or `seconds`, if that is less) after this process first saw the request:
   * whatever happened while no controller ran must be read before the request can time out.
   */
  endOf(since: string | undefined, seconds: number): number;
}

export interface TimeKeeper {
  of(uid: string): TimeLimits;
  /** Call this when the request was deleted. */
  forget(uid: string): void;
  /** Number of remembered requests. */
  readonly size: number;
}

/** Time to read the result and the log of a pod if the kubelet does not answer at the first attempt. */
export const OBSERVED_MS = 120_000;

/**
 * The most start times that are remembered per request. Few are in use at once: the admission, the beginning of a step, the
 * last activity.
 */
const MOMENTS = 16;

interface Memory {
  /** A time of `clock.monotonic()`. */
  firstLookAt: number;
  /** Monotonic start times, by `since`; the most recently used one is last. */
  begun: Map<string, number>;
}

export function createTimeKeeper(clock: Pick<Clock, 'now' | 'monotonic'>): TimeKeeper {
  const memories = new Map<string, Memory>();

  function memoryOf(uid: string): Memory {
    const memory = memories.get(uid) ?? { firstLookAt: clock.monotonic(), begun: new Map<string, number>() };
    memories.set(uid, memory);
    return memory;
  }

  /** Returns the monotonic start time. A time in the future was written by another clock and counts as now. */
  function beginOf({ begun }: Memory, since: string | undefined): number {
    const id = since ?? '';
    const age = Math.max(0, clock.now() - Date.parse(id));
    const begin = begun.get(id) ?? clock.monotonic() - (Number.isNaN(age) ? 0 : age);
    begun.delete(id);
    begun.set(id, begin);
    const [oldest] = begun.keys();
    if (begun.size > MOMENTS && oldest !== undefined) begun.delete(oldest);
    return begin;
  }

  return {
    of(uid) {
      const memory = memoryOf(uid);
      return {
        endOf(since, seconds) {
          const limitMs = seconds * 1000;
          const observed = memory.firstLookAt + Math.min(limitMs, OBSERVED_MS);
          const end = Math.max(beginOf(memory, since) + limitMs, observed);
          return clock.now() + end - clock.monotonic();
        },
      };
    },
    forget(uid) {
      memories.delete(uid);
    },
    get size() {
      return memories.size;
    },
  };
}
