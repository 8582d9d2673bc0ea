import type { Moment } from './moments.ts';

/** One transfer of one contestant. */
export interface Measured {
  load: string;
  what: string;
  by: string;
  /** From the creation of the request to its end. */
  seconds: number;
  /** Seconds for which restic itself worked, if it reports them. */
  transfer?: number;
  /** Seconds spent waiting for the storage driver. */
  driver?: number;
  /** Events during the transfer. */
  moments?: readonly Moment[];
}

/** By hand: the limit. */
export const PLAIN = 'restic by hand';

/** Returns Markdown: one line per load and transfer, with the median of all rounds. */
export function tableOf(measured: readonly Measured[], contestants: readonly string[]): string {
  const lines = Object.values(Object.groupBy(measured, ({ load, what }) => `${load} ${what}`)).map(
    (group = []) => {
      const plain = medianOf(group, PLAIN, ({ seconds }) => seconds);
      const plainTransfer = medianOf(group, PLAIN, ({ transfer }) => transfer);
      const cells = contestants.flatMap((by) => {
        const seconds = medianOf(group, by, (one) => one.seconds);
        const driver = medianOf(group, by, (one) => one.driver);
        const transfer = medianOf(group, by, (one) => one.transfer);
        return [
          seconds.toFixed(1),
          signed(seconds - (Number.isNaN(driver) ? 0 : driver) - plain),
          Number.isNaN(transfer) ? '' : `${((100 * plainTransfer) / transfer).toFixed(0)} %`,
        ];
      });
      const [{ load, what } = { load: '', what: '' }] = group;
      return [load, what, plain.toFixed(1), ...cells];
    },
  );
  const heads = contestants.flatMap((by) => [`${by}, s`, 'overhead, s', 'throughput']);
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const all = ['volume', 'transfer', `${PLAIN}, s`, ...heads];
  return [row(all), row(all.map(() => '---')), ...lines.map(row)].join('\n');
}

function signed(seconds: number): string {
  return `${seconds < 0 ? '−' : '+'}${Math.abs(seconds).toFixed(1)}`;
}

function medianOf(
  group: readonly Measured[],
  by: string,
  value: (one: Measured) => number | undefined,
): number {
  const values = group
    .filter((one) => one.by === by)
    .map(value)
    .filter((one) => one !== undefined)
    .sort((a, b) => a - b);
  return values[Math.floor((values.length - 1) / 2)] ?? NaN;
}
