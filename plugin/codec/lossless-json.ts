/**
 * JSON without loss: JavaScript's numbers round 64-bit integers and drop the way a number was written, Go's do not.
 * What cannot be represented exactly is carried as its source text.
 */

/** The parts of ECMAScript's JSON source text access that TypeScript's library does not know yet. */
interface SourceTextJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
}
const json = JSON as unknown as SourceTextJson;

/**
 * A number that JavaScript may write in another way: an integer of more than 15 digits, a fraction, an exponent, -0. Texts
 * that look like one are found, too, and only cost time.
 */
const DELICATE = /(?:^|[:,[])\s*(?:-0|-?\d{16}|-?\d+[.eE])/;

/** Parses so that {@link stringifyLossless} gives every number back as it was written. */
export function parseLossless(text: string): unknown {
  // Most items have no such number, and looking at each value takes six times as long as parsing.
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

/** An object as it comes from {@link parseLossless}; values may be opaque raw numbers. */
export type LosslessObject = Record<string, unknown>;

/** Changes the JSON object in `bytes`; everything that `change` leaves alone survives as it is. */
export function editJson(bytes: Buffer, change: (object: LosslessObject) => void): Buffer {
  const object = parseLossless(bytes.toString('utf8')) as LosslessObject;
  change(object);
  return Buffer.from(stringifyLossless(object));
}

/** The object under `key`, made when it is not there. */
export function objectAt(parent: LosslessObject, key: string): LosslessObject {
  const found = parent[key];
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as LosslessObject;
  const made: LosslessObject = {};
  parent[key] = made;
  return made;
}
