/**
 * Usage: `node hack/ci/make-targets.ts <make target>…`. Runs the targets in this order, two at a time.
 *
 * The output of a target is written to `.run/logs/<target>.log` and printed when the target ends. With `make -k` all targets run,
 * even if some fail.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runSideBySide } from './side-by-side.ts';
import { withLog } from './with-log.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Two, because a target mostly waits. */
const PLACES = 2;

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => interruption.abort());

function runTarget(target: string): Promise<number> {
  return withLog({ name: target, title: `make ${target}` }, (log) => runMake(target, log));
}

function runMake(target: string, log: number): Promise<number> {
  const child = spawn('make', [target], { cwd: ROOT, stdio: ['ignore', log, log] });
  // make forwards the signal to its children and waits for them.
  const end = (): void => void child.kill('SIGTERM');
  interruption.signal.addEventListener('abort', end);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      interruption.signal.removeEventListener('abort', end);
      resolve(code ?? 1);
    });
  });
}

process.exitCode = await runSideBySide(process.argv.slice(2), {
  places: PLACES,
  run: runTarget,
  // MAKEFLAGS begins with make's single-letter options.
  keepsGoing: /^[a-z]*k/.test(process.env['MAKEFLAGS'] ?? ''),
  signal: interruption.signal,
});
