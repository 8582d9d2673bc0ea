import type { Clock } from './clock.ts';
import { createDelayHeap } from './delay-heap.ts';
import { TURN } from './turns.ts';

/** Items that become due later. All of them share one timer. */
export interface DelayedItems {
  /** Adds an item that is due after `ms`. If it is present, the earlier time counts. */
  add(item: string, ms: number): void;
  clear(): void;
}

/** Calls `onDue` for each item when it is due, for at most {@link TURN} items per turn of the event loop. */
export function createDelayedItems(clock: Clock, onDue: (item: string) => void): DelayedItems {
  const heap = createDelayHeap();
  let timer: { dueAt: number; cancel: () => void } | undefined;

  function onTimer(): void {
    timer = undefined;
    const now = clock.monotonic();
    // Further due items follow in the next turn of the event loop, by a timer that fires at once.
    for (let count = 0; count < TURN; count++) {
      const item = heap.takeDue(now);
      if (item === undefined) break;
      onDue(item);
    }
    armTimer();
  }

  /** Sets the timer for the earliest item. */
  function armTimer(): void {
    const dueAt = heap.nextDueAt();
    if (timer !== undefined && timer.dueAt === dueAt) return;
    timer?.cancel();
    timer =
      dueAt === undefined
        ? undefined
        : { dueAt, cancel: clock.after(Math.max(0, dueAt - clock.monotonic()), onTimer) };
  }

  return {
    add(item, ms) {
      heap.add(item, clock.monotonic() + ms);
      armTimer();
    },
    clear() {
      heap.clear();
      armTimer();
    },
  };
}
