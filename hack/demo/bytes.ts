const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
/** Narrow enough for a whole progress line in 80 columns. */
const BAR_WIDTH = 12;

/** Returns a number of bytes in readable form: `1.2 GiB`. */
export function bytesText(bytes: number): string {
  const exponent = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** exponent;
  return `${value.toFixed(exponent === 0 || value >= 100 ? 0 : 1)} ${UNITS[exponent] ?? ''}`;
}

/** Returns a progress bar: `██████░░░░░░  50 %  600 MiB of 1.2 GiB`. Without a total, returns only the bytes done. */
export function barText(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return `${bytesText(done)} so far`;
  const share = Math.min(1, done / total);
  const full = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${bytesText(done)} of ${bytesText(total)}`;
}
