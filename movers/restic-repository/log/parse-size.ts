/** A size as restic prints it for people. */
export const SIZE = String.raw`([0-9.]+) (B|KiB|MiB|GiB|TiB)`;

const FACTOR: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** restic prints three decimals at most, so this is exact to about a thousandth. */
export function toBytes(size: string | undefined, unit: string | undefined): number {
  return Math.round(Number(size) * (FACTOR[unit ?? 'B'] ?? 1));
}
