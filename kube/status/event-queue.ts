import type { Series } from './event-series.ts';

/** Series that wait to be sent, each once: those that may not be dropped first, and in the order of arrival among equals. */
export interface EventQueue {
  /** Returns the series that had to be dropped, this one or a waiting one, if any. */
  add(series: Series): Series | undefined;
  take(): Series | undefined;
}

export interface EventQueueOptions {
  /** With so many waiting, those that may be dropped are. */
  maxWaiting: number;
  /** With so many waiting, all others are dropped as well. */
  maxKept: number;
}

export function createEventQueue({ maxWaiting, maxKept }: EventQueueOptions): EventQueue {
  // Sets keep the order of arrival, and make the first of many cheap to take.
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
