/** All that comes. `Array.fromAsync` by another name, which TypeScript's ES2024 library does not know. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
