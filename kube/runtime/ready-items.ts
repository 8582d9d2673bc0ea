/** Items that are ready to be worked on: those of the lowest number first, and in the order of arrival among equals. */
export interface ReadyItems {
  /** An item that is there already moves forward, never back. */
  add(item: string, priority: number): void;
  has(item: string): boolean;
  take(): string | undefined;
  clear(): void;
  readonly size: number;
}

export function createReadyItems(): ReadyItems {
  const priorities = new Map<string, number>();
  /** Sorted by priority. A Set keeps the order of arrival and makes "first of all" cheap. */
  let groups: { priority: number; items: Set<string> }[] = [];

  function groupOf(priority: number): Set<string> {
    const found = groups.find((group) => group.priority === priority);
    if (found !== undefined) return found.items;
    const items = new Set<string>();
    groups = [...groups, { priority, items }].sort((a, b) => a.priority - b.priority);
    return items;
  }

  return {
    add(item, priority) {
      const known = priorities.get(item);
      if (known !== undefined && known <= priority) return;
      if (known !== undefined) groupOf(known).delete(item);
      priorities.set(item, priority);
      groupOf(priority).add(item);
    },
    has: (item) => priorities.has(item),
    take() {
      for (const { items } of groups) {
        const [first] = items;
        if (first === undefined) continue;
        items.delete(first);
        priorities.delete(first);
        return first;
      }
      return undefined;
    },
    clear() {
      priorities.clear();
      groups = [];
    },
    get size() {
      return priorities.size;
    },
  };
}
