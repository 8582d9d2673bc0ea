import type { Series } from './event-series.ts';

/** Series that wait to be sent, each once: first those that may not be dropped, then in order of arrival. */
export interface EventQueue {
  /** Adds a series. Returns the series that was dropped, this one or a waiting one, if any. */
  add(series: Series): Series | undefined;
  take(): Series | undefined;
}

export interface EventQueueOptions {
  /** From this number of waiting series on, droppable ones are dropped. */
  maxWaiting: number;
  /** From this number of waiting series on, all others are dropped as well. */
  maxKept: number;
}

export function createEventQueue({ maxWaiting, maxKept }: EventQueueOptions): EventQueue {
  // Sets keep the order of arrival and return their first item cheaply.
  const kept = new Set<Series>();
  const droppable = new Set<Series>();
  const size = (): number => kept.size + droppable.size;

  function takeFrom(waiting: Set<Series>): Series | undefined {
    const [first] = waiting;
    if (first !== undefined) waiting.delete(first);
    return first;
  }

  return {
    add(series) {
      if (kept.has(series) || droppable.has(series)) return undefined;
      if (size() >= (series.droppable ? maxWaiting : maxKept)) return series;
      (series.droppable ? droppable : kept).add(series);
      return size() > maxWaiting ? takeFrom(droppable) : undefined;
    },
    take: () => takeFrom(kept) ?? takeFrom(droppable),
  };
}
