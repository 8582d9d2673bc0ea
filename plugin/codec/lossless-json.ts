/**
 * Lossless JSON: JavaScript's numbers round 64-bit integers and lose the notation of a number, Go's do not. A number that cannot
 * be represented exactly is kept as its source text.
 */

/** The parts of ECMAScript's JSON source text access that are missing in TypeScript's library. */
interface SourceTextJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
}
const json = JSON as unknown as SourceTextJson;

/**
 * Finds numbers that JavaScript may write in another way: an integer of more than 15 digits, a fraction, an exponent, -0. It also
 * matches strings that look like one, which only costs time.
 */
const DELICATE = /(?:^|[:,[])\s*(?:-0|-?\d{16}|-?\d+[.eE])/;

/** Parses JSON so that {@link stringifyLossless} writes every number as it was written. */
export function parseLossless(text: string): unknown {
  // Most items have no such number, and a reviver takes six times as long as plain parsing.
  if (!DELICATE.test(text)) return JSON.parse(text);
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? json.rawJSON(source)
      : value,
  );
}

export function stringifyLossless(value: unknown): string {
  return JSON.stringify(value);
}

/** An object from {@link parseLossless}; values may be opaque raw numbers. */
export type LosslessObject = Record<string, unknown>;

/** Edits the JSON object in `bytes`; everything that `change` does not touch stays as it is. */
export function editJson(bytes: Buffer, change: (object: LosslessObject) => void): Buffer {
  const object = parseLossless(bytes.toString('utf8')) as LosslessObject;
  change(object);
  return Buffer.from(stringifyLossless(object));
}

/** Returns the object under `key`, creating it if it is missing. */
export function objectAt(parent: LosslessObject, key: string): LosslessObject {
  const found = parent[key];
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as LosslessObject;
  const made: LosslessObject = {};
  parent[key] = made;
  return made;
}
