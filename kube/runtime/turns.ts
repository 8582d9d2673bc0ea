/** The next turn of the event loop: timers and sockets get theirs first. A chain of promises never lets them. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How many items one turn of the event loop may bear, where each takes some microseconds. */
export const TURN = 200;

/** The items one by one, at most {@link TURN} in one turn of the event loop. */
export async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T> {
  let count = 0;
  for (const item of items) {
    yield item;
    if (++count % TURN === 0) await nextTurn();
  }
}

/** Acts on every item, at most {@link TURN} in one turn of the event loop. */
export async function forEachInTurns<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    act(item);
    if (++count % TURN === 0) await nextTurn();
  }
}
