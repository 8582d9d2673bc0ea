type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Returns the JSON merge patch that turns `before` into `after`; undefined if they are equal. It replaces a status as a whole, as
 * an Update would, although the client only patches.
 */
export function mergePatchBetween(before: object, after: object): Json | undefined {
  const from = before as Json;
  const to = after as Json;
  const gone = Object.keys(from).filter((key) => from[key] !== undefined && to[key] === undefined);
  const patch: Json = Object.fromEntries(gone.map((key) => [key, null]));
  for (const [key, value] of Object.entries(to)) {
    const change = changeBetween(from[key], value);
    if (change !== undefined) patch[key] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function changeBetween(before: unknown, after: unknown): unknown {
  if (isObject(before) && isObject(after)) return mergePatchBetween(before, after);
  return isSame(before, after) ? undefined : after;
}

/** Compares JSON values, ignoring the order of keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  }
  if (isObject(a) && isObject(b)) return mergePatchBetween(a, b) === undefined;
  return a === b;
}
