import type { Clock } from '../kube/runtime/clock.ts';

/**
 * Caches results for `ttlMs`, so that a backup of many volumes does not read the same object for each. Concurrent calls share one
 * load; failures are not cached.
 */
export function ttlCache<T>(
  options: { ttlMs: number; clock: Clock },
  load: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  const entries = new Map<string, { value: Promise<T>; until: number }>();
  return (key) => {
    const now = options.clock.monotonic();
    const known = entries.get(key);
    if (known !== undefined && now < known.until) return known.value;
    const entry = { value: load(key), until: now + options.ttlMs };
    entries.set(key, entry);
    entry.value.catch(() => {
      if (entries.get(key) === entry) entries.delete(key);
    });
    return entry.value;
  };
}
