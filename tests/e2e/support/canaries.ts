/** Values that were planted in secrets, by what they are. */
export type Canaries = Readonly<Record<string, string>>;

/** Returns the names of the values that a text contains in any form. */
export function canariesIn(canaries: Canaries, text: string): string[] {
  return Object.entries(canaries)
    .filter(([, value]) => formsOf(value).some((form) => text.includes(form)))
    .map(([name]) => name);
}

/** Returns the value unchanged, in a URL, in JSON, and in base64 at every position within the encoded data. */
export function formsOf(value: string): string[] {
  const inUrl = encodeURIComponent(value);
  const encoded = [0, 1, 2].map((offset) => base64Of(value, offset));
  return [
    value,
    inUrl,
    inUrl.replaceAll('%20', '+'),
    JSON.stringify(value).slice(1, -1),
    ...encoded,
    ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/** Returns the part of the base64 that depends on this value alone if `offset` other bytes precede it. */
function base64Of(value: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]);
  const whole = Math.floor((bytes.length * 8) / 6);
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), whole);
}
