import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './stages.ts';
import { withLog } from './with-log.ts';

const ROOT = join(import.meta.dirname, '../..');
const RESULTS = join(ROOT, '.run/jest');

export interface Options {
  /** Fires to kill jest, its workers and their children at once. */
  signal: AbortSignal;
  /** True if another stage prints its output now: this output is written to a file and printed when the stage ends. */
  isBesideAnother?: boolean;
}

/**
 * Runs one project of jest.config.js and writes the results to `.run/jest/<project>.json`, which `summarise.ts` reads.
 * @returns jest's exit code
 */
export async function runJest({ name, args, env }: Stage, options: Options): Promise<number> {
  mkdirSync(RESULTS, { recursive: true });
  const output = ['--json', '--outputFile', join(RESULTS, `${name}.json`)];
  const words = ['--selectProjects', name, ...output, ...args];
  if (options.isBesideAnother !== true) return runWords(words, { ...options, env, log: 'inherit' });

  return withLog({ name, title: name }, (log) => runWords(words, { ...options, env, log }));
}

function runWords(
  words: readonly string[],
  { signal, env = {}, log }: Options & { env: Stage['env'] | undefined; log: number | 'inherit' },
): Promise<number> {
  const child = spawn('jest', words, {
    cwd: ROOT,
    env: {
      ...process.env,
      ...env,
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
    },
    stdio: ['inherit', log, log],
    // Workers survive if only jest is killed. jest gets its own process group, which is signaled as a whole.
    detached: true,
  });
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  };
  signal.addEventListener('abort', end, { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      signal.removeEventListener('abort', end);
      resolve(code ?? 1);
    });
  });
}
