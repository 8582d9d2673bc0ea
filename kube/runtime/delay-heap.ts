/** Items with the time at which they are due, earliest first. */
export interface DelayHeap {
  /** Adds an item. If it is present, the earlier time counts. */
  add(item: string, dueAt: number): void;
  /** Returns the time of the earliest item. */
  nextDueAt(): number | undefined;
  /** Removes and returns one item that is due at `now`. */
  takeDue(now: number): string | undefined;
  clear(): void;
  readonly size: number;
}

interface Entry {
  item: string;
  dueAt: number;
}

export function createDelayHeap(): DelayHeap {
  const heap: Entry[] = [];
  const due = new Map<string, number>();

  const at = (index: number): Entry => heap[index] as Entry;
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [at(b), at(a)];
  };
  const up = (start: number): void => {
    for (let index = start; index > 0;) {
      const parent = (index - 1) >> 1;
      if (at(parent).dueAt <= at(index).dueAt) return;
      swap(index, parent);
      index = parent;
    }
  };
  const down = (): void => {
    for (let index = 0; ;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let least = index;
      if (left < heap.length && at(left).dueAt < at(least).dueAt) least = left;
      if (right < heap.length && at(right).dueAt < at(least).dueAt) least = right;
      if (least === index) return;
      swap(index, least);
      index = least;
    }
  };
  const pop = (): void => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    down();
  };
  // An item that was moved to an earlier time leaves its old entry in the heap; such entries are dropped here.
  const dropStale = (): void => {
    while (heap[0] !== undefined && due.get(heap[0].item) !== heap[0].dueAt) pop();
  };

  return {
    add(item, dueAt) {
      const known = due.get(item);
      if (known !== undefined && known <= dueAt) return;
      due.set(item, dueAt);
      heap.push({ item, dueAt });
      up(heap.length - 1);
    },
    nextDueAt() {
      dropStale();
      return heap[0]?.dueAt;
    },
    takeDue(now) {
      dropStale();
      const first = heap[0];
      if (first === undefined || first.dueAt > now) return undefined;
      due.delete(first.item);
      pop();
      return first.item;
    },
    clear() {
      heap.length = 0;
      due.clear();
    },
    get size() {
      return due.size;
    },
  };
}
