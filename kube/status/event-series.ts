import type { Clock } from '../runtime/clock.ts';
import { buildEvent, groupOf, identify, type Event, type EventInput, type EventSource } from './event.ts';

/** One event and its repeats. */
export interface Series {
  event: Event;
  /** True if it may be dropped when too many wait. */
  droppable: boolean;
  count: number;
  /** Wall time of the newest repeat, for the object. */
  lastObservedTime: string;
  /** Monotonic time of the newest repeat. */
  lastAt: number;
  /** The stored count; 0 before the event is created. */
  storedCount: number;
}

export interface EventSeriesOptions extends EventSource {
  clock: Clock;
  /** A repeat within this time raises the count of the first event. */
  seriesMs: number;
  /** How many events with the same object, type and reason but different notes are kept separate; later ones are combined. */
  maxSimilar: number;
}

/** Recent events, so that a repeat raises a count instead of creating an event. */
export interface EventSeries {
  /** Returns the series of the event, with its count raised, and whether the event is its first. */
  add(input: EventInput): { series: Series; isFirst: boolean };
  /** Forgets a series: the next repeat starts a new one. */
  forget(series: Series): void;
  /** Returns the series with repeats that are not stored yet. */
  unstored(): Series[];
}

/** Limits memory, about 1 KiB each. */
const MAX_KNOWN = 20_000;
const COMBINED = '(combined from similar events): ';

export function createEventSeries(options: EventSeriesOptions): EventSeries {
  const { clock, seriesMs, maxSimilar } = options;
  /** Oldest repeat first: a series moves to the end with each repeat. */
  const known = new Map<string, Series>();
  /** Number of series that differ only in their note. */
  const similar = new Map<string, number>();

  function drop(id: string, { event }: Series): void {
    known.delete(id);
    const group = groupOf(event);
    const left = (similar.get(group) ?? 1) - 1;
    if (left > 0) similar.set(group, left);
    else similar.delete(group);
  }

  function dropOld(): void {
    const oldest = clock.monotonic() - seriesMs;
    for (const [id, series] of known) {
      if (series.lastAt >= oldest && known.size <= MAX_KNOWN) return;
      drop(id, series);
    }
  }

  const build = (input: EventInput): Event => buildEvent(input, options, clock.now());

  function start(event: Event, droppable: boolean): Series {
    const group = groupOf(event);
    similar.set(group, (similar.get(group) ?? 0) + 1);
    return {
      event,
      droppable,
      count: 0,
      lastObservedTime: event.eventTime,
      lastAt: clock.monotonic(),
      storedCount: 0,
    };
  }

  /** As in client-go: after a number of similar events, those with new notes share one. */
  function idOf(event: Event): string {
    const id = identify(event);
    const isNew = !known.has(id);
    return isNew && (similar.get(groupOf(event)) ?? 0) >= maxSimilar ? groupOf(event) : id;
  }

  return {
    add(input) {
      dropOld();
      const event = build(input);
      const id = idOf(event);
      const found = known.get(id);
      const first = id === groupOf(event) ? build({ ...input, note: COMBINED + input.note }) : event;
      const series = found ?? start(first, input.droppable === true);
      series.count++;
      series.lastAt = clock.monotonic();
      series.lastObservedTime = event.eventTime;
      known.delete(id);
      known.set(id, series);
      return { series, isFirst: found === undefined };
    },
    forget(series) {
      for (const id of [identify(series.event), groupOf(series.event)])
        if (known.get(id) === series) drop(id, series);
    },
    unstored: () => [...known.values()].filter(({ count, storedCount }) => count > storedCount),
  };
}
