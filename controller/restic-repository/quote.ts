/**
 * A line of restic's log, fit for a message: one line of characters that print, not at length, and without what a URL may hold of credentials, which is before
 * its host or, as Azure's signatures are, behind its question mark.
 */
export function quotable(line: string): string {
  return line
    .replaceAll(/:\/\/[^/@\s]+@/g, '://')
    .replaceAll(/(:\/\/[^\s"'?]+)\?[^\s"']*/g, '$1')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 300);
}
