const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** For example `1.2 GiB`. */
export function byteText(bytes: number): string {
  const exponent = exponentOf(bytes);
  return `${amount(bytes, exponent)} ${UNITS[exponent] ?? 'B'}`;
}

/** For example `1.2 of 3.4 GiB`, both in the unit of the total. */
export function byteShareText(done: number, total: number): string {
  const exponent = exponentOf(total);
  return `${amount(done, exponent)} of ${amount(total, exponent)} ${UNITS[exponent] ?? 'B'}`;
}

/** For example `40 MiB/s` or `1.5 MiB/s`: with one decimal below 10, except for bytes. */
export function byteRateText(bytesPerSecond: number): string {
  const exponent = exponentOf(bytesPerSecond);
  const rate = bytesPerSecond / 1024 ** exponent;
  return `${rate.toFixed(rate < 10 && exponent > 0 ? 1 : 0)} ${UNITS[exponent] ?? 'B'}/s`;
}

function exponentOf(bytes: number): number {
  let exponent = 0;
  while (exponent < UNITS.length - 1 && bytes >= 1024 ** (exponent + 1)) exponent++;
  return exponent;
}

function amount(bytes: number, exponent: number): string {
  return (bytes / 1024 ** exponent).toFixed(exponent === 0 ? 0 : 1);
}
