import type { Metrics } from '../../telemetry/metrics.ts';
import { noMetrics } from '../../telemetry/metrics.ts';
import { type Clock, systemClock } from './clock.ts';
import { createDelayHeap } from './delay-heap.ts';
import { createQueueMetrics } from './queue-metrics.ts';
import { bucketLimiter, exponentialLimiter, maxOfLimiters, type RateLimiter } from './rate-limiter.ts';
import { createReadyItems } from './ready-items.ts';
import { TURN } from './turns.ts';

/**
 * A queue of keys like client-go's workqueue: a key is queued once, is never processed twice at the same time, and runs again
 * afterwards if it is added while it is processed.
 */
export interface WorkQueue {
  add(item: string): void;
  /** Adds the item after `ms`; an earlier time that is already set stays. */
  addAfter(item: string, ms: number): void;
  /** Adds the item after the wait of the rate limiter. */
  addRateLimited(item: string): void;
  /** Resets the item's failures. */
  forget(item: string): void;
  retries(item: string): number;
  /** Waits for an item, which must be passed to `done`. Returns `undefined` after a shutdown or if `signal` fires. */
  get(signal?: AbortSignal): Promise<string | undefined>;
  done(item: string): void;
  /**
   * Stops: accepts no item and drops delayed ones. With `drain` queued items are still returned by `get`; without, they are
   * dropped. Resolves when no item is queued or processed.
   */
  shutdown(options: { drain: boolean }): Promise<void>;
  /** Number of ready items. */
  readonly length: number;
}

export interface WorkQueueOptions {
  /** Label of the metrics. */
  name: string;
  clock?: Clock;
  metrics?: Metrics;
  /** Default: per item 1 s, doubled up to 5 min; over all items 10 per second after a burst of 100. */
  rateLimiter?: RateLimiter;
  /**
   * Returns the priority of an item: the lowest number comes first, then the oldest. Called when an item is added. Default: the
   * same for all.
   */
  priorityOf?: (item: string) => number;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const clock = options.clock ?? systemClock;
  const limiter = options.rateLimiter ?? maxOfLimiters(exponentialLimiter(), bucketLimiter({ clock }));
  const metrics = createQueueMetrics({ name: options.name, metrics: options.metrics ?? noMetrics, clock });

  const priorityOf = options.priorityOf ?? (() => 0);
  const ready = createReadyItems();
  /** Items that are being processed. */
  const processing = new Set<string>();
  /** Items that were added while they are being processed. */
  const again = new Set<string>();
  const waiters = new Set<(item: string | undefined) => void>();
  const idleWaiters = new Set<() => void>();
  const delayed = createDelayHeap();
  let closed = false;
  let timer: { dueAt: number; cancel: () => void } | undefined;

  function start(item: string): string {
    processing.add(item);
    metrics.started(item);
    return item;
  }

  function makeReady(item: string): void {
    const [waiter] = waiters;
    if (waiter !== undefined) {
      waiters.delete(waiter);
      waiter(start(item));
      return;
    }
    ready.add(item, priorityOf(item));
    metrics.depth(ready.size);
  }

  function add(item: string): void {
    if (closed || again.has(item)) return;
    if (ready.has(item)) {
      ready.add(item, priorityOf(item));
      return;
    }
    metrics.added(item);
    if (processing.has(item)) again.add(item);
    else makeReady(item);
  }

  function onTimer(): void {
    timer = undefined;
    const now = clock.monotonic();
    // Further due items are added in the next turn of the event loop, by a timer that fires at once.
    for (let count = 0; count < TURN; count++) {
      const item = delayed.takeDue(now);
      if (item === undefined) break;
      add(item);
    }
    armTimer();
  }

  /** Sets one timer for the earliest item. */
  function armTimer(): void {
    const dueAt = delayed.nextDueAt();
    if (timer !== undefined && timer.dueAt === dueAt) return;
    timer?.cancel();
    timer =
      dueAt === undefined
        ? undefined
        : { dueAt, cancel: clock.after(Math.max(0, dueAt - clock.monotonic()), onTimer) };
  }

  function addAfter(item: string, ms: number): void {
    if (closed) return;
    if (ms <= 0) {
      add(item);
      return;
    }
    delayed.add(item, clock.monotonic() + ms);
    armTimer();
  }

  function settleIdle(): void {
    if (!closed || ready.size > 0 || processing.size > 0) return;
    for (const resolve of idleWaiters) resolve();
    idleWaiters.clear();
  }

  return {
    add,
    addAfter,
    addRateLimited(item) {
      metrics.retried();
      addAfter(item, limiter.when(item));
    },
    forget: (item) => limiter.forget(item),
    retries: (item) => limiter.retries(item),

    get(signal) {
      if (signal?.aborted === true) return Promise.resolve(undefined);
      const first = ready.take();
      if (first !== undefined) {
        metrics.depth(ready.size);
        return Promise.resolve(start(first));
      }
      if (closed) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const settle = (item: string | undefined): void => {
          signal?.removeEventListener('abort', onAbort);
          resolve(item);
        };
        const onAbort = (): void => {
          waiters.delete(settle);
          settle(undefined);
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        waiters.add(settle);
      });
    },

    done(item) {
      if (!processing.delete(item)) return;
      metrics.finished(item);
      if (again.delete(item)) makeReady(item);
      settleIdle();
    },

    async shutdown({ drain }) {
      closed = true;
      delayed.clear();
      armTimer();
      if (!drain) {
        ready.clear();
        again.clear();
        metrics.depth(0);
      }
      for (const waiter of waiters) waiter(undefined);
      waiters.clear();
      if (ready.size === 0 && processing.size === 0) return;
      await new Promise<void>((resolve) => idleWaiters.add(resolve));
    },

    get length() {
      return ready.size;
    },
  };
}
