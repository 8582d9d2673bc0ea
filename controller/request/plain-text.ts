/** Longer than any message of ours, and far below what a status holds: a text that cannot be stored would hide an outcome. */
const MAX_LENGTH = 8192;

/** Ends of lines, with the white space around them. */
const LINE_ENDS = /\s*[\n\r\u2028\u2029]+\s*/g;

/** Control characters, which a terminal obeys, and those that nobody sees or that turn around what follows. */
const UNSEEN = /[\p{Cc}\p{Cf}]/gu;

/**
 * A text as one line that can be shown to anyone. Messages quote what tenants, storage and movers have written; people read
 * them in terminals, and an API server stores only so much.
 */
export function plainText(text: string): string {
  const line = text.replace(LINE_ENDS, ' ').replace(UNSEEN, escaped);
  if (line.length <= MAX_LENGTH) return line.toWellFormed();
  return `${line.slice(0, MAX_LENGTH - 1).toWellFormed()}…`;
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
