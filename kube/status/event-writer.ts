import { keyOf } from '../../api/kubernetes/meta.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isNotFound, isTransient, KubeError } from '../client/kube-error.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { events } from './event.ts';
import type { Series } from './event-series.ts';

export interface EventWriterOptions {
  client: KubeClient;
  log: Logger;
  clock: Clock;
  /** Ends all attempts. */
  signal: AbortSignal;
  /** Called for a series whose event no longer exists. */
  onGone: (series: Series) => void;
}

/** Attempts if the API server is busy or briefly unavailable: outcomes are retried for minutes, others for seconds. */
const ATTEMPTS = { droppable: 3, kept: 10 };
const LONGEST_PAUSE_MS = 30_000;

/** Creates the function that stores an event or its new count. It retries, and never rejects. */
export function createEventWriter(options: EventWriterOptions): (series: Series) => Promise<void> {
  const { client, log, clock, signal, onGone } = options;

  async function writeOnce(series: Series): Promise<void> {
    const { event, count, lastObservedTime } = series;
    // A single event has no series: it begins with the first repeat.
    const patch = count === 1 ? {} : { series: { count, lastObservedTime } };
    if (series.storedCount === 0) {
      await client.create(events, { ...event, ...patch }, { signal });
    } else {
      try {
        await client.mergePatch(events, keyOf(event), patch, { signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // The API server deletes events after an hour: the next repeat creates a new one.
        onGone(series);
      }
    }
    series.storedCount = count;
  }

  return async (series) => {
    const attempts = series.droppable ? ATTEMPTS.droppable : ATTEMPTS.kept;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await writeOnce(series);
        return;
      } catch (caught) {
        const err = KubeError.from(caught);
        if (!isTransient(err) || attempt === attempts) {
          log.debug({ err, reason: series.event.reason }, 'an event was not recorded');
          return;
        }
        const pauseMs = Math.min(500 * 2 ** attempt, LONGEST_PAUSE_MS);
        await sleep(clock, err.retryAfterMs ?? pauseMs, signal);
      }
    }
  };
}
