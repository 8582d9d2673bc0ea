import { CASES, LOAD } from './plan.ts';

/** The results of the driver: milliseconds by plugin and round, MiB by plugin and stage. */
export interface Report {
  firstReply: Series;
  startCPU: Series;
  poll: Series;
  pollCPU: Series;
  kill: Series;
  calls: Record<string, Series>;
  memory: Record<string, Record<string, { rss: number; anon: number }[]>>;
}
type Series = Record<string, number[][]>;

/** The plugins by their names in the report. */
export const GO = 'go';
export const OURS = 'node';

interface Row {
  what: string;
  go: string;
  ours: string;
  ratio: string;
}

export interface FileSizes {
  go: number;
  ours: number;
}

/**
 * Returns Markdown. For each time: the median of the rounds' medians, (lowest–highest of them), and after the slash a percentile
 * of all.
 */
export function tableOf(report: Report, sizes: FileSizes): string {
  const rows: Row[] = [
    timeRow('start to first reply, p50 / p95', report.firstReply, 95),
    timeRow('its CPU time, p50 / p95', report.startCPU, 95),
    timeRow('a whole poll: start, Progress, end, p50 / p95', report.poll, 95),
    timeRow('CPU time of a poll, p50 / p95', report.pollCPU, 95),
    ...CASES.map(({ name }) => timeRow(`${name}, p50 / p99`, report.calls[name] ?? {}, 99)),
    timeRow('graceful kill, p50 / p95', report.kill, 95),
    ...['start', ...LOAD.map(({ name }) => name)].flatMap((stage) => memoryRows(stage, report.memory)),
    { what: 'executable, MB', ...numbers(sizes.go / 1e6, sizes.ours / 1e6) },
  ];
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(['', 'Go, ms', 'this plugin, ms', 'ratio']),
    line(['---', '---', '---', '---']),
    ...rows.map(({ what, go, ours, ratio }) => line([what, go, ours, ratio])),
  ].join('\n');
}

function timeRow(what: string, series: Series, tail: number): Row {
  const text = (name: string): string => {
    const medians = (series[name] ?? []).map((round) => percentile(round, 50)).sort((a, b) => a - b);
    const all = (series[name] ?? []).flat();
    const spread = `(${round(medians[0] ?? NaN)}–${round(medians.at(-1) ?? NaN)})`;
    return `${round(percentile(medians, 50))} ${spread} / ${round(percentile(all, tail))}`;
  };
  const median = (name: string): number =>
    percentile(
      (series[name] ?? []).map((round) => percentile(round, 50)),
      50,
    );
  return { what, go: text(GO), ours: text(OURS), ratio: round(median(OURS) / median(GO)) };
}

function memoryRows(stage: string, memory: Report['memory']): Row[] {
  const of = (name: string, key: 'rss' | 'anon'): number =>
    percentile(
      (memory[name]?.[stage] ?? []).map((one) => one[key]),
      50,
    );
  return [
    { what: `memory ${stage}: private, MiB`, ...numbers(of(GO, 'anon'), of(OURS, 'anon')) },
    { what: `memory ${stage}: resident, MiB`, ...numbers(of(GO, 'rss'), of(OURS, 'rss')) },
  ];
}

function numbers(go: number, ours: number): Omit<Row, 'what'> {
  return { go: round(go), ours: round(ours), ratio: round(ours / go) };
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? NaN;
}

/** Rounds to the significant digits. */
function round(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
