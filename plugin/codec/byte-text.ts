const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1.2 GiB`. */
export function byteText(bytes: number): string {
  const exponent = exponentOf(bytes);
  return `${amount(bytes, exponent)} ${UNITS[exponent] ?? 'B'}`;
}

/** `1.2 of 3.4 GiB`, both in the unit of the total. */
export function byteShareText(done: number, total: number): string {
  const exponent = exponentOf(total);
  return `${amount(done, exponent)} of ${amount(total, exponent)} ${UNITS[exponent] ?? 'B'}`;
}

function exponentOf(bytes: number): number {
  let exponent = 0;
  while (exponent < UNITS.length - 1 && bytes >= 1024 ** (exponent + 1)) exponent++;
  return exponent;
}

function amount(bytes: number, exponent: number): string {
  return (bytes / 1024 ** exponent).toFixed(exponent === 0 ? 0 : 1);
}
