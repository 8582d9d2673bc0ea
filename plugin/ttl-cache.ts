import type { Clock } from '../kube/runtime/clock.ts';

/**
 * Keeps answers for a short while, so that a backup of many volumes does not ask the API server the same for each. Calls
 * that come while an answer is on its way share it; failures are not kept.
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
