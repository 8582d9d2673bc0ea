/**
 * Makes text from outside safe to show. Messages quote text of tenants, storage systems, buckets and pods; people read them
 * in terminals, and the API server limits their size. Each function takes linear time for any input.
 */

/**
 * Characters. Longer than any of our own messages, and far below the size limit of a status: a status that cannot be stored
 * would hide the outcome.
 */
const MAX_LENGTH = 8192;

/** Characters of a log line within a message. */
const MAX_LINE = 300;

/** Characters of an id or a name within a message. */
const MAX_QUOTED = 80;

const WHITE_SPACE = /\s+/g;
const LINE_END = /[\n\r\u2028\u2029]/;

/** Control characters, which terminals interpret, and format characters, which are invisible or reverse the text after them. */
const UNSEEN = /[\p{Cc}\p{Cf}]/gu;

/** Returns a text as one line of at most `maxLength` characters. */
export function plainText(text: string, maxLength = MAX_LENGTH): string {
  const line = text
    .replace(WHITE_SPACE, (space) => (LINE_END.test(space) ? ' ' : space))
    .replace(UNSEEN, escaped);
  if (line.length <= maxLength) return line.toWellFormed();
  return `${line.slice(0, maxLength - 1).toWellFormed()}…`;
}

/**
 * Returns a line of a program's log without the parts of URLs that may hold credentials: the part before the host, and the
 * query (Azure puts signatures there).
 */
export function plainLine(line: string): string {
  const open = line
    .replaceAll(/:\/\/[^/@\s]+@/g, '://')
    .replaceAll(/:\/\/[^\s"']*/g, (url) => url.split('?', 1).join());
  return plainText(open, MAX_LINE).trim();
}

/** Returns an id or a name in quotes; if it is long, its beginning and its length. */
export function quoted(text: string): string {
  const end = text.length > MAX_QUOTED ? `… (${String(text.length)} characters)` : '';
  return `${JSON.stringify(text.slice(0, MAX_QUOTED))}${end}`;
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
