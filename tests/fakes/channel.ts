/** An async queue: one side pushes values, the other iterates over them. Values that arrive early are buffered. */
export interface Channel<T> {
  push(value: T): void;
  /** Ends the iteration; throws `error` at the reader if one is given. */
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
