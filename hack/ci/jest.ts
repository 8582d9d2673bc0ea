import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Runs one project of jest.config.js and writes the results to `.run/jest/<project>.json`, which `summarise.ts` reads.
 * When `signal` fires, jest, its workers and their children are killed at once.
 * @returns jest's exit code
 */
export function runJest(project: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  const folder = join(ROOT, '.run/jest');
  mkdirSync(folder, { recursive: true });
  const output = ['--json', '--outputFile', join(folder, `${project}.json`)];
  const child = spawn('jest', ['--selectProjects', project, ...output, ...args], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' },
    stdio: 'inherit',
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
