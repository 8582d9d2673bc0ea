/** Values that were planted in secrets, by the name of what they are. */
export type Canaries = Readonly<Record<string, string>>;

/** Which of them a text shows, in whatever form. */
export function canariesIn(canaries: Canaries, text: string): string[] {
  return Object.entries(canaries)
    .filter(([, value]) => formsOf(value).some((form) => text.includes(form)))
    .map(([name]) => name);
}

/** As it is, in a URL, in JSON, and in base64 wherever it stands in what was encoded. */
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

/** The part of the base64 that only this value decides when `offset` other bytes stand before it. */
function base64Of(value: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]);
  const whole = Math.floor((bytes.length * 8) / 6);
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), whole);
}
