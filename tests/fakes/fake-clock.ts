import type { Clock } from '../../kube/runtime/clock.ts';

/** A clock that only a test advances. */
export interface FakeClock extends Clock {
  /** Advances by `ms` and runs the due timers in order; pending promises run before and after each. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward, or back if `ms` is negative, as an administrator or NTP does. No time passes. */
  stepWall(ms: number): void;
  /** Advances by `ms` without running timers, as in a process that is busy or paused. Late timers run with the next `advance`. */
  standStill(ms: number): void;
  /** Number of timers that are due in the future. */
  readonly pending: number;
}

/** @param start milliseconds since 1970, default 2026-01-01 */
export function createFakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsed = 0;
  let wallAtZero = start;
  let timers: { dueAt: number; action: () => void }[] = [];

  return {
    now: () => wallAtZero + elapsed,
    monotonic: () => elapsed,
    stepWall(ms) {
      wallAtZero += ms;
    },
    standStill(ms) {
      elapsed += ms;
    },
    after(ms, action) {
      const timer = { dueAt: elapsed + Math.max(0, ms), action };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      const end = elapsed + ms;
      await settle();
      for (;;) {
        const due = timers.filter((timer) => timer.dueAt <= end).sort((a, b) => a.dueAt - b.dueAt)[0];
        if (due === undefined) break;
        timers = timers.filter((timer) => timer !== due);
        elapsed = Math.max(elapsed, due.dueAt);
        due.action();
        await settle();
      }
      elapsed = end;
      await settle();
    },
    get pending() {
      return timers.length;
    },
  };
}

/** Runs the promises that are ready. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
