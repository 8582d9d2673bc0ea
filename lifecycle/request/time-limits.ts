import type { Clock } from '../../kube/runtime/clock.ts';

/** Measures how long what one request waits for has lasted. */
export interface TimeLimits {
  /**
   * When something that began at `since` has lasted `seconds`: milliseconds since 1970, by the wall clock as it is now. From the
   * first look on, its age is measured by the monotonic clock, so that it does not matter when the wall clock is set.
   *
   * The end is never earlier than {@link OBSERVED_MS} (or `seconds`, if that is less) after this process first looked at the
   * request: what has happened while no controller ran must be read before it is judged.
   */
  endOf(since: string | undefined, seconds: number): number;
}

export interface TimeKeeper {
  of(uid: string): TimeLimits;
  /** To be called when the request is gone. */
  forget(uid: string): void;
  /** Requests that it remembers. */
  readonly size: number;
}

/** Time to read what a mover has done, its log among it, when the kubelet does not answer at the first attempt. */
export const OBSERVED_MS = 120_000;

/** Moments of one request that are measured side by side are few: its admission, the begin of a step, the last activity. */
const MOMENTS = 16;

interface Memory {
  /** Of `clock.monotonic()`. */
  firstLookAt: number;
  /** By what began: when that was, by the monotonic clock. The one asked for last comes last. */
  begun: Map<string, number>;
}

export function createTimeKeeper(clock: Pick<Clock, 'now' | 'monotonic'>): TimeKeeper {
  const memories = new Map<string, Memory>();

  function memoryOf(uid: string): Memory {
    const memory = memories.get(uid) ?? { firstLookAt: clock.monotonic(), begun: new Map<string, number>() };
    memories.set(uid, memory);
    return memory;
  }

  /** A moment that seems to lie ahead was written by another clock; it counts as now. */
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
