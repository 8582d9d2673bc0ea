/** A size in restic's human-readable form. */
export const SIZE = String.raw`([0-9.]+) (B|KiB|MiB|GiB|TiB)`;

const FACTOR: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Returns bytes. restic prints at most three decimals, so the result is exact to about a thousandth. */
export function toBytes(size: string | undefined, unit: string | undefined): number {
  return Math.round(Number(size) * (FACTOR[unit ?? 'B'] ?? 1));
}
