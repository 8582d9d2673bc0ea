import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Runs the tests of one project of jest.config.js; the results land in `.run/jest/<project>.json`, where `summarise.ts` finds them.
 * When `signal` fires, jest ends at once, and so do its workers and what they have started.
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
    // Workers outlive a jest that is killed, so all of them are told: the group that is theirs alone.
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
