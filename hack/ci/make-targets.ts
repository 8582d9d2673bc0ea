/**
 * Usage: `node hack/ci/make-targets.ts <make target>…`. Runs the targets in this order, two at a time.
 *
 * The output of a target is written to `.run/logs/<target>.log` and printed when the target ends. With `make -k` all targets run,
 * even if some fail.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSideBySide } from './side-by-side.ts';

const ROOT = join(import.meta.dirname, '../..');
const LOGS = join(ROOT, '.run/logs');
/** Two, because a target mostly waits. */
const PLACES = 2;

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => interruption.abort());

function runTarget(target: string): Promise<number> {
  const begun = Date.now();
  const file = join(LOGS, `${target}.log`);
  const log = openSync(file, 'w');
  const child = spawn('make', [target], { cwd: ROOT, stdio: ['ignore', log, log] });
  closeSync(log);
  console.log(`make ${target} begins; its log is ${file}`);
  // make forwards the signal to its children and waits for them.
  const end = (): void => void child.kill('SIGTERM');
  interruption.signal.addEventListener('abort', end);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => {
      interruption.signal.removeEventListener('abort', end);
      const code = exitCode ?? 1;
      const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
      console.log(`\n===== make ${target}\n${readFileSync(file, 'utf8').trimEnd()}`);
      console.log(`===== make ${target} has ended with exit code ${String(code)} after ${minutes} minutes\n`);
      resolve(code);
    });
  });
}

mkdirSync(LOGS, { recursive: true });
process.exitCode = await runSideBySide(process.argv.slice(2), {
  places: PLACES,
  run: runTarget,
  // MAKEFLAGS begins with make's single-letter options.
  keepsGoing: /^[a-z]*k/.test(process.env['MAKEFLAGS'] ?? ''),
  signal: interruption.signal,
});
