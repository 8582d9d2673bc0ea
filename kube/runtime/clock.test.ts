import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const clock = fileURLToPath(new URL('./clock.ts', import.meta.url));

/** Runs a statement in a separate process and returns its output. */
async function outputOf(statement: string): Promise<string> {
  const script = `import { sleep, systemClock } from ${JSON.stringify(clock)};\n${statement}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  return stdout.trim();
}

describe('a process that only waits', () => {
  it('lives until its sleep is over', async () => {
    await expect(outputOf("sleep(systemClock, 50).then(() => console.log('awake'))")).resolves.toBe('awake');
  });

  it('exits without waiting for a timer that is not awaited', async () => {
    await expect(outputOf("systemClock.after(50, () => console.log('fired'))")).resolves.toBe('');
  });
});
