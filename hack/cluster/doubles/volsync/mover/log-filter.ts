/** Lines of a successful mover that are copied to `latestMoverStatus.logs`. */
const KEPT: readonly RegExp[] = [
  /processed .* files/,
  /snapshot .* saved/,
  /No eligible/,
  /No data/,
  /Directory is empty/,
  /created/,
  /repository .* opened/,
  /restoring/,
  /no parent snapshot/,
  /using parent snapshot/,
  /Added to the repository/,
  /successfully/,
  /RESTORE_OPTIONS/,
  /Initialize Dir/,
  /Fatal/,
  /ERROR/,
  /Restic completed in/,
];

/** Returns true if a line is copied to the status. */
export function isKeptLine(line: string): boolean {
  return KEPT.some((pattern) => pattern.test(line.trim()));
}

/** Returns the last `maxBytes` bytes of the lines, limited to whole characters. */
export function tailOf(lines: readonly string[], maxBytes: number): string {
  const bytes = Buffer.from(lines.join('\n'), 'utf8');
  if (bytes.length <= maxBytes) return bytes.toString('utf8');
  let start = bytes.length - maxBytes;
  // Skips the rest of a character that the limit has cut.
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.subarray(start).toString('utf8');
}
