import type { Metrics } from '../../telemetry/metrics.ts';
import { noMetrics } from '../../telemetry/metrics.ts';
import { type Clock, systemClock } from './clock.ts';
import { createDelayedItems, type DelayedItems } from './delayed-items.ts';
import { createQueueMetrics, type QueueMetrics } from './queue-metrics.ts';
import { bucketLimiter, exponentialLimiter, maxOfLimiters, type RateLimiter } from './rate-limiter.ts';
import { createReadyItems } from './ready-items.ts';
import { createWaitingConsumers } from './waiting-consumers.ts';

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
  return new KeyedQueue(options);
}

class KeyedQueue implements WorkQueue {
  readonly #limiter: RateLimiter;
  readonly #metrics: QueueMetrics;
  readonly #priorityOf: (item: string) => number;
  readonly #delayed: DelayedItems;
  readonly #ready = createReadyItems();
  readonly #consumers = createWaitingConsumers();
  /** Items that are being processed. */
  readonly #processing = new Set<string>();
  /** Items that were added while they are being processed. */
  readonly #again = new Set<string>();
  /** Calls of `shutdown` that wait for the last item. */
  readonly #idleWaiters = new Set<() => void>();
  #closed = false;

  constructor({ name, clock = systemClock, metrics = noMetrics, ...options }: WorkQueueOptions) {
    this.#limiter = options.rateLimiter ?? maxOfLimiters(exponentialLimiter(), bucketLimiter({ clock }));
    this.#metrics = createQueueMetrics({ name, metrics, clock });
    this.#priorityOf = options.priorityOf ?? (() => 0);
    this.#delayed = createDelayedItems(clock, (item) => this.add(item));
  }

  add(item: string): void {
    if (this.#closed || this.#again.has(item)) return;
    if (this.#ready.has(item)) {
      this.#ready.add(item, this.#priorityOf(item));
      return;
    }
    this.#metrics.added(item);
    if (this.#processing.has(item)) this.#again.add(item);
    else this.#makeReady(item);
  }

  addAfter(item: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) this.add(item);
    else this.#delayed.add(item, ms);
  }

  addRateLimited(item: string): void {
    this.#metrics.retried();
    this.addAfter(item, this.#limiter.when(item));
  }

  forget(item: string): void {
    this.#limiter.forget(item);
  }

  retries(item: string): number {
    return this.#limiter.retries(item);
  }

  get(signal?: AbortSignal): Promise<string | undefined> {
    if (signal?.aborted === true) return Promise.resolve(undefined);
    const first = this.#ready.take();
    if (first !== undefined) {
      this.#metrics.depth(this.#ready.size);
      return Promise.resolve(this.#start(first));
    }
    return this.#closed ? Promise.resolve(undefined) : this.#consumers.wait(signal);
  }

  done(item: string): void {
    if (!this.#processing.delete(item)) return;
    this.#metrics.finished(item);
    if (this.#again.delete(item)) this.#makeReady(item);
    if (this.#closed && this.#isIdle()) this.#settleIdle();
  }

  async shutdown({ drain }: { drain: boolean }): Promise<void> {
    this.#closed = true;
    this.#delayed.clear();
    if (!drain) {
      this.#ready.clear();
      this.#again.clear();
      this.#metrics.depth(0);
    }
    this.#consumers.release();
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#idleWaiters.add(resolve));
  }

  get length(): number {
    return this.#ready.size;
  }

  /** Passes the item to a consumer that waits, or keeps it until one comes. */
  #makeReady(item: string): void {
    const consume = this.#consumers.takeFirst();
    if (consume !== undefined) {
      consume(this.#start(item));
      return;
    }
    this.#ready.add(item, this.#priorityOf(item));
    this.#metrics.depth(this.#ready.size);
  }

  #start(item: string): string {
    this.#processing.add(item);
    this.#metrics.started(item);
    return item;
  }

  #isIdle(): boolean {
    return this.#ready.size === 0 && this.#processing.size === 0;
  }

  #settleIdle(): void {
    for (const resolve of this.#idleWaiters) resolve();
    this.#idleWaiters.clear();
  }
}
