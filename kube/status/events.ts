import { randomUUID } from 'node:crypto';
import { formatKey, type Kind, keyOf, type Resource } from '../../api/meta.ts';
import { type Logger, silentLogger } from '../../telemetry/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isNotFound, isTransient, KubeError } from '../client/kube-error.ts';
import { type Clock, sleep, systemClock } from '../runtime/clock.ts';

/** The object an event is about. */
export interface ObjectReference {
  apiVersion: string;
  kind: string;
  /** Absent for cluster-scoped objects. */
  namespace?: string;
  name: string;
  uid?: string;
}

/** What happened, for the people who run `kubectl describe`. */
export interface EventInput {
  regarding: ObjectReference;
  type: 'Normal' | 'Warning';
  /** Why, PascalCase: `SnapshotFailed`. */
  reason: string;
  /** What was being done, PascalCase: `Snapshot`. */
  action: string;
  /** Readable; cut at 1 KiB. */
  note: string;
  related?: ObjectReference;
}

/** Tells what happened, without ever being in the way: it does not throw, wait or grow without bound. */
export interface EventRecorder {
  record(event: EventInput): void;
  /** Sends what is waiting, for at most `deadlineMs` (default 2 s), and stops. */
  close(deadlineMs?: number): Promise<void>;
}

export interface EventRecorderOptions {
  client: KubeClient;
  /** Qualified name of the reporter: `datamover.oadp.openshift.io/controller`. */
  controller: string;
  /** This process, such as the pod's name. */
  instance: string;
  /** Labels of every event. Default: none. */
  labels?: Readonly<Record<string, string>>;
  log?: Logger;
  clock?: Clock;
  /** Events that may wait to be sent; more are dropped. Default 1000. */
  maxWaiting?: number;
  /** A repeat within this time raises the count of the first event. Default 6 min. */
  seriesMs?: number;
  /** How often the count of a repeated event is written at most. Default 10 s. */
  flushMs?: number;
}

/** `events.k8s.io/v1` Event, as far as it is written here. */
interface Event extends Resource {
  eventTime: string;
  reportingController: string;
  reportingInstance: string;
  action: string;
  reason: string;
  type: string;
  note: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  series?: { count: number; lastObservedTime: string };
}

const events: Kind<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** One event and its repeats. */
interface Series {
  event: Event;
  count: number;
  lastAt: number;
  /** What the API server has been told; 0 before the event is created. */
  toldCount: number;
  /** Waits in the queue. */
  queued: boolean;
}

const MAX_NOTE_BYTES = 1024;
const ATTEMPTS = 3;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, log = silentLogger, clock = systemClock } = options;
  const { maxWaiting = 1_000, seriesMs = 360_000, flushMs = 10_000 } = options;
  const known = new Map<string, Series>();
  const queue: Series[] = [];
  const stop = new AbortController();
  const flushes = new Set<() => void>();
  let sending: Promise<void> | undefined;
  let dropped = 0;
  let closed = false;

  function enqueue(series: Series): void {
    if (series.queued) return;
    if (queue.length >= maxWaiting) {
      if (dropped++ % 100 === 0) log.warn({ dropped }, 'too many events are waiting; dropping');
      return;
    }
    series.queued = true;
    queue.push(series);
    sending ??= sendAll().finally(() => (sending = undefined));
  }

  async function sendAll(): Promise<void> {
    for (let series = queue.shift(); series !== undefined; series = queue.shift()) {
      series.queued = false;
      await sendPatiently(series);
    }
  }

  async function sendPatiently(series: Series): Promise<void> {
    for (let attempt = 1; !stop.signal.aborted; attempt++) {
      try {
        await send(series);
        return;
      } catch (caught) {
        const err = KubeError.from(caught);
        if (!isTransient(err) || attempt === ATTEMPTS) {
          log.debug({ err, reason: series.event.reason }, 'an event was not recorded');
          return;
        }
        await sleep(clock, err.retryAfterMs ?? 500 * 2 ** attempt, stop.signal);
      }
    }
  }

  async function send(series: Series): Promise<void> {
    const { event, count } = series;
    if (series.toldCount === 0) {
      await client.create(events, event, { signal: stop.signal });
    } else {
      const patch = { series: { count, lastObservedTime: microTime(series.lastAt) } };
      try {
        await client.mergePatch(events, keyOf(event), { ...patch }, { signal: stop.signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // The server forgets events after an hour: the next repeat is a new one.
        known.delete(identify(event));
      }
    }
    series.toldCount = count;
  }

  /** Later repeats are told together: a loop that fails every second must not write every second. */
  function flushLater(series: Series): void {
    const cancel = clock.after(flushMs, () => {
      flushes.delete(cancel);
      if (series.count > series.toldCount) enqueue(series);
    });
    flushes.add(cancel);
  }

  function repeat(series: Series): void {
    series.lastAt = clock.now();
    series.count++;
    if (series.count - series.toldCount === 1 || series.toldCount === 0) flushLater(series);
  }

  function forgetOld(): void {
    const oldest = clock.now() - seriesMs;
    for (const [id, series] of known) if (series.lastAt < oldest) known.delete(id);
  }

  function record(input: EventInput): void {
    const now = clock.now();
    const event = build(input, { ...options, now });
    const id = identify(event);
    const series = known.get(id);
    if (series !== undefined && now - series.lastAt <= seriesMs) {
      repeat(series);
      return;
    }
    if (known.size >= maxWaiting) forgetOld();
    const fresh: Series = { event, count: 1, lastAt: now, toldCount: 0, queued: false };
    known.set(id, fresh);
    enqueue(fresh);
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
      for (const cancel of flushes) cancel();
      for (const series of known.values()) if (series.count > series.toldCount) enqueue(series);
      const timer = new AbortController();
      await Promise.race([sending ?? Promise.resolve(), sleep(clock, deadlineMs, timer.signal)]);
      timer.abort();
      stop.abort(new Error('the event recorder was closed'));
      await sending;
    },
  };
}

function build(
  input: EventInput,
  { controller, instance, labels, now }: EventRecorderOptions & { now: number },
): Event {
  const { regarding, related, note, ...rest } = input;
  // The API server wants the event beside its object, and those of cluster-scoped objects in "default".
  const namespace = regarding.namespace ?? 'default';
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${regarding.name.slice(0, 200)}.${randomUUID()}`,
      namespace,
      ...(labels !== undefined && { labels: { ...labels } }),
    },
    eventTime: microTime(now),
    reportingController: controller,
    reportingInstance: instance.slice(0, 128),
    ...rest,
    note: cutBytes(note, MAX_NOTE_BYTES),
    regarding,
    ...(related === undefined ? {} : { related }),
  };
}

/** The note belongs to it: the API server lets nobody change the note of an event. */
function identify(event: Event): string {
  const { regarding, type, reason, action, note } = event;
  return JSON.stringify([regarding.kind, formatKey(regarding), regarding.uid, type, reason, action, note]);
}

/** `metav1.MicroTime`. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}

/** Cuts at a whole character. */
function cutBytes(text: string, max: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= max) return text;
  const ellipsis = '…';
  let end = max - Buffer.byteLength(ellipsis);
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString('utf8') + ellipsis;
}
