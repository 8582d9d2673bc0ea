/** A sorted list. The comparison must never return 0 for two different items. */
export interface Line<T> {
  add(item: T): void;
  remove(item: T): void;
  /** Returns how many items come before this one, which need not be in the list. */
  rankOf(item: T): number;
  first(count: number): T[];
  readonly head: T | undefined;
  readonly size: number;
}

/** Creates a sorted array: at ten thousand entries an insertion is faster than in a tree, and a rank costs one binary search. */
export function createLine<T>(compare: (a: T, b: T) => number): Line<T> {
  const items: T[] = [];

  function rankOf(item: T): number {
    let [low, high] = [0, items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(items[middle] as T, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function isAt(rank: number, item: T): boolean {
    const found = items[rank];
    return found !== undefined && compare(found, item) === 0;
  }

  return {
    add(item) {
      const rank = rankOf(item);
      items.splice(rank, isAt(rank, item) ? 1 : 0, item);
    },
    remove(item) {
      const rank = rankOf(item);
      if (isAt(rank, item)) items.splice(rank, 1);
    },
    rankOf,
    first: (count) => items.slice(0, count),
    get head() {
      return items[0];
    },
    get size() {
      return items.length;
    },
  };
}

/** Compares by code units, without a locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
