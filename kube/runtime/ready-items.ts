/** Items that are ready: the lowest priority number first, then in order of arrival. */
export interface ReadyItems {
  /** Adds an item. If it is present, it can only move forward. */
  add(item: string, priority: number): void;
  has(item: string): boolean;
  take(): string | undefined;
  clear(): void;
  readonly size: number;
}

export function createReadyItems(): ReadyItems {
  const priorities = new Map<string, number>();
  /** Sorted by priority. A Set keeps the order of arrival and returns its first item cheaply. */
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
