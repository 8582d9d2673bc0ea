type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The JSON merge patch that turns `before` into `after`, or undefined when they are alike.
 * With it a status is replaced as a whole, as an Update would, although the client only patches.
 */
export function mergePatchBetween(before: object, after: object): Json | undefined {
  const from = before as Json;
  const to = after as Json;
  const patch: Json = {};
  for (const key of Object.keys(from)) {
    if (to[key] === undefined && from[key] !== undefined) patch[key] = null;
  }
  for (const [key, value] of Object.entries(to)) {
    if (value === undefined) continue;
    const old = from[key];
    if (isObject(value) && isObject(old)) {
      const inner = mergePatchBetween(old, value);
      if (inner !== undefined) patch[key] = inner;
    } else if (!isSame(old, value)) patch[key] = value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Equality of JSON values, whatever the order of keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  }
  if (isObject(a) && isObject(b)) return mergePatchBetween(a, b) === undefined;
  return a === b;
}
