/** Consumers that wait for an item, the longest waiting first. */
export interface WaitingConsumers {
  /** Waits for an item. Resolves to `undefined` if `signal` fires first. */
  wait(signal?: AbortSignal): Promise<string | undefined>;
  /** Removes the first consumer and returns the function that passes an item to it; `undefined` if none waits. */
  takeFirst(): ((item: string) => void) | undefined;
  /** Ends the wait of all consumers without an item. */
  release(): void;
}

export function createWaitingConsumers(): WaitingConsumers {
  const waiting = new Set<(item: string | undefined) => void>();
  return {
    wait(signal) {
      return new Promise((resolve) => {
        const settle = (item: string | undefined): void => {
          signal?.removeEventListener('abort', onAbort);
          resolve(item);
        };
        const onAbort = (): void => {
          waiting.delete(settle);
          settle(undefined);
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        waiting.add(settle);
      });
    },
    takeFirst() {
      const [first] = waiting;
      if (first !== undefined) waiting.delete(first);
      return first;
    },
    release() {
      for (const settle of waiting) settle(undefined);
      waiting.clear();
    },
  };
}
