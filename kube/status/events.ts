import { type Logger, silentLogger } from '../../telemetry/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { type Clock, sleep, systemClock } from '../runtime/clock.ts';
import type { EventInput } from './event.ts';
import { createEventQueue } from './event-queue.ts';
import { createEventSeries, type Series } from './event-series.ts';
import { createEventWriter } from './event-writer.ts';

/** Records events. It never throws, never blocks its caller, and its memory is bounded. */
export interface EventRecorder {
  record(event: EventInput): void;
  /** Sends waiting events for at most `deadlineMs` (default 2 s), and stops. */
  close(deadlineMs?: number): Promise<void>;
}

export interface EventRecorderOptions {
  client: KubeClient;
  /** Qualified name of the reporter: `datamover.oadp.openshift.io/controller`. */
  controller: string;
  /** This process, for example the name of its pod. */
  instance: string;
  /** Labels of every event. Default: none. */
  labels?: Readonly<Record<string, string>>;
  log?: Logger;
  clock?: Clock;
  /** Events that are sent at the same time. Default 4. */
  inFlight?: number;
  /** From this number of waiting events on, droppable ones are dropped. Default 1000. */
  maxWaiting?: number;
  /** From this number of waiting events on, all others are dropped too; limits memory, about 1 KiB each. Default 20,000. */
  maxKept?: number;
  /** A repeat within this time raises the count of the first event. Default 6 min. */
  seriesMs?: number;
  /**
   * How many events of one object that differ only in their note are kept separate within `seriesMs`; further ones are
   * combined, as in client-go. Default 10.
   */
  maxSimilar?: number;
  /** The shortest time between two writes of the count of a repeated event. Default 10 s. */
  flushMs?: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, log = silentLogger, clock = systemClock, inFlight = 4 } = options;
  const { maxWaiting = 1_000, maxKept = 20_000, seriesMs = 360_000, flushMs = 10_000 } = options;
  const known = createEventSeries({ maxSimilar: 10, ...options, clock, seriesMs });
  const queue = createEventQueue({ maxWaiting, maxKept });
  const stop = new AbortController();
  const write = createEventWriter({
    client,
    log,
    clock,
    signal: stop.signal,
    onGone: (series) => known.forget(series),
  });
  const flushes = new Map<Series, () => void>();
  const sending = new Set<Promise<void>>();
  let dropped = 0;
  let closed = false;

  function enqueue(series: Series): void {
    const lost = queue.add(series);
    if (lost !== undefined) {
      known.forget(lost);
      if (dropped++ % 100 === 0) log.warn({ dropped }, 'too many events wait to be sent; some are dropped');
    }
    if (sending.size >= inFlight) return;
    const sender = sendAll().finally(() => sending.delete(sender));
    sending.add(sender);
  }

  async function sendAll(): Promise<void> {
    for (let series = queue.take(); series !== undefined; series = queue.take()) await write(series);
  }

  /** Stores later repeats together: a loop that fails every second must not write every second. */
  function flushLater(series: Series): void {
    if (flushes.has(series)) return;
    const cancel = clock.after(flushMs, () => {
      flushes.delete(series);
      if (series.count > series.storedCount) enqueue(series);
    });
    flushes.set(series, cancel);
  }

  function record(input: EventInput): void {
    const { series, isFirst } = known.add(input);
    if (isFirst) enqueue(series);
    else flushLater(series);
  }

  return {
    record(input) {
      if (closed) return;
      try {
        record(input);
      } catch (err) {
        log.debug({ err, event: input }, 'an event could not be built');
      }
    },
    async close(deadlineMs = 2_000) {
      closed = true;
      for (const cancel of flushes.values()) cancel();
      for (const series of known.unstored()) enqueue(series);
      const timer = new AbortController();
      await Promise.race([Promise.all(sending), sleep(clock, deadlineMs, timer.signal)]);
      timer.abort();
      stop.abort(new Error('the event recorder was closed'));
      await Promise.all(sending);
    },
  };
}
