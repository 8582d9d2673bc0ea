import type { Clock } from '../../kube/runtime/clock.ts';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves on by `ms`, running timers in their order; promises get their turn before and after each. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward, or back for a negative `ms`, as an administrator or NTP does; no time passes. */
  stepWall(ms: number): void;
  /** Time goes on by `ms` and no timer runs, as in a process that is busy or paused; the late ones run with the next `advance`. */
  standStill(ms: number): void;
  /** Timers that wait. */
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

/** Lets promises that are ready run their course. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
