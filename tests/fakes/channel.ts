/** Values pushed from one side, iterated on the other; what is pushed early waits. */
export interface Channel<T> {
  push(value: T): void;
  /** Ends the iteration, with an error when one is given. */
  end(error?: unknown): void;
  values(): AsyncGenerator<T>;
}

export function createChannel<T>(): Channel<T> {
  const waiting: T[] = [];
  let ended: { error?: unknown } | undefined;
  let wake: () => void = () => undefined;
  return {
    push(value) {
      waiting.push(value);
      wake();
    },
    end(error) {
      ended ??= error === undefined ? {} : { error };
      wake();
    },
    async *values() {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift() as T;
        if (ended !== undefined) {
          if ('error' in ended) throw ended.error;
          return;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
