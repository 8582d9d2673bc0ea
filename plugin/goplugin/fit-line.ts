import { cutText } from './cut-text.ts';

/** Maximum line length of go-plugin. It prints the pieces of a longer line raw, at level debug. */
export const MAX_LINE_BYTES = 64 * 1024;

/** Maximum size of each value of a line that is too long; ten such values always fit. */
const MAX_VALUE_BYTES = 1024;
/** The fields that are kept if cutting the values is not enough. */
const ESSENTIAL = ['@level', '@message', 'namespace', 'name', 'resource', 'error'];

/** Returns a JSON line that go-plugin reads as one: with its values cut, and if that is not enough, without most fields. */
export function fitLine(line: string): string {
  if (fits(line)) return line;
  const fields = Object.entries(JSON.parse(line) as Record<string, unknown>).map(
    ([key, value]) => [key, cutValue(value)] as const,
  );
  const short = toLine(Object.fromEntries(fields));
  if (fits(short)) return short;
  const kept = fields.filter(([key]) => ESSENTIAL.includes(key));
  return toLine({ ...Object.fromEntries(kept), fieldsLeftOut: fields.length - kept.length });
}

function fits(line: string): boolean {
  return Buffer.byteLength(line) <= MAX_LINE_BYTES;
}

function cutValue(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.byteLength(text) > MAX_VALUE_BYTES ? cutText(text, MAX_VALUE_BYTES) : value;
}

function toLine(fields: Record<string, unknown>): string {
  return `${JSON.stringify(fields)}\n`;
}
