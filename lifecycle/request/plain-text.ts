/**
 * Texts from outside, fit to be shown. Messages quote what tenants, storage, buckets and movers have written; people read them in
 * terminals, and an API server stores only so much. Each function reads its text once, however it is made.
 */

/** Longer than any message of ours, and far below what a status holds: a text that cannot be stored would hide an outcome. */
const MAX_LENGTH = 8192;

/** Of a line of a log within a message. */
const MAX_LINE = 300;

/** Of an id or a name within a message. */
const MAX_QUOTED = 80;

const WHITE_SPACE = /\s+/g;
const LINE_END = /[\n\r\u2028\u2029]/;

/** Control characters, which a terminal obeys, and those that nobody sees or that turn around what follows. */
const UNSEEN = /[\p{Cc}\p{Cf}]/gu;

/** A text as one line, of at most `maxLength` characters. */
export function plainText(text: string, maxLength = MAX_LENGTH): string {
  const line = text
    .replace(WHITE_SPACE, (space) => (LINE_END.test(space) ? ' ' : space))
    .replace(UNSEEN, escaped);
  if (line.length <= maxLength) return line.toWellFormed();
  return `${line.slice(0, maxLength - 1).toWellFormed()}…`;
}

/**
 * A line of a program's log, without what a URL may hold of credentials, which is before its host or, as Azure's signatures are,
 * behind its question mark.
 */
export function plainLine(line: string): string {
  const open = line
    .replaceAll(/:\/\/[^/@\s]+@/g, '://')
    .replaceAll(/:\/\/[^\s"']*/g, (url) => url.split('?', 1).join());
  return plainText(open, MAX_LINE).trim();
}

/** An id or a name, in quotes; of a long one the beginning and the length. */
export function quoted(text: string): string {
  const end = text.length > MAX_QUOTED ? `… (${String(text.length)} characters)` : '';
  return `${JSON.stringify(text.slice(0, MAX_QUOTED))}${end}`;
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
