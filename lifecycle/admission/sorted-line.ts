/** Items in the order of one comparison, which must tell any two of them apart. */
export interface Line<T> {
  add(item: T): void;
  remove(item: T): void;
  /** How many come before it, whether or not it is in the line. */
  rankOf(item: T): number;
  first(count: number): T[];
  readonly head: T | undefined;
  readonly size: number;
}

/** A sorted array: ten thousand entries move faster than a tree is walked, and a rank costs a binary search. */
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

/** By code units, which needs no locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
