import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { fillBlock } from '../../hack/gen/marked-blocks.ts';

const PAGE = join(import.meta.dirname, '../../docs/performance.md');

/** Writes the results into their block of docs/performance.md. */
export async function writePage(block: string, content: string): Promise<void> {
  const page = fillBlock(readFileSync(PAGE, 'utf8'), block, content);
  writeFileSync(PAGE, await format(page, { parser: 'markdown', printWidth: 110 }));
}

/** Describes the machine. Call it before the benchmark, and the returned function at the end. */
export function noteMachine(): (details: string) => string {
  const before = loadavg()[0] ?? 0;
  return (details) => {
    const [cpu] = cpus();
    const load = `load ${before.toFixed(1)} at the beginning and ${(loadavg()[0] ?? 0).toFixed(1)} at the end`;
    const machine = `${String(availableParallelism())} × ${cpu?.model ?? 'CPU'}, Linux ${release()}`;
    return `${machine}, Node ${process.version.slice(1)}; ${details}; ${load}`;
  };
}
