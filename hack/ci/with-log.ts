import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LOGS = join(import.meta.dirname, '../../.run/logs');

/**
 * Runs a program whose output would be mixed with that of another: `run` gets a file descriptor for it, of `.run/logs/<name>.log`,
 * which is printed when the program ends.
 * @returns the exit code
 */
export async function withLog(
  { name, title }: { name: string; title: string },
  run: (log: number) => Promise<number>,
): Promise<number> {
  const begun = Date.now();
  mkdirSync(LOGS, { recursive: true });
  const file = join(LOGS, `${name}.log`);
  const log = openSync(file, 'w');
  console.log(`${title} starts; its log is ${file}`);
  try {
    const code = await run(log);
    const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
    console.log(`\n===== ${title}\n${readFileSync(file, 'utf8').trimEnd()}`);
    console.log(`===== ${title} has ended with exit code ${String(code)} after ${minutes} minutes\n`);
    return code;
  } finally {
    closeSync(log);
  }
}
