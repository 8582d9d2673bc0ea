/** Waits for the next turn of the event loop, so timers and sockets run first. A chain of promises never yields to them. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Items per turn of the event loop, if each takes some microseconds. */
export const TURN = 200;

/** Yields the items one by one, at most {@link TURN} per turn of the event loop. */
export async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T> {
  let count = 0;
  for (const item of items) {
    yield item;
    if (++count % TURN === 0) await nextTurn();
  }
}

/** Calls `act` for every item, at most {@link TURN} per turn of the event loop. */
export async function forEachInTurns<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    act(item);
    if (++count % TURN === 0) await nextTurn();
  }
}
