import { describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';

// Each case starts a Node process.
jest.setTimeout(60_000);

const LIMIT_MS = 1_200;

interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** A process with a watchdog. */
function run(body: string, more = ''): Ended {
  const script = `
    import { createHclog } from './hclog.ts';
    import { createWatchdog } from './watchdog.ts';
    const { watch } = createWatchdog({ limitMs: ${String(LIMIT_MS)}, log: createHclog({ level: 'debug' }), ${more} });
    watch();
    watch();
    const block = (ms) => { for (const end = performance.now() + ms; performance.now() < end; ); };
    ${body}`;
  const args = ['--input-type=module', '--eval', script];
  const options = { cwd: import.meta.dirname, encoding: 'utf8', timeout: 60_000 } as const;
  const { status: code, signal, stdout, stderr } = spawnSync(process.execPath, args, options);
  return { code, signal, stdout, stderr };
}

describe('the watchdog', () => {
  it('kills a process whose event loop is blocked, and logs the reason', () => {
    const { signal, stderr } = run('for (;;);');
    expect(signal).toBe('SIGKILL');
    expect(JSON.parse(stderr)).toEqual({
      '@level': 'error',
      '@message': 'the plugin process exits: its event loop was blocked for 1.2 s',
    });
  });

  it('reports once that it watches', () => {
    const { code, stdout } = run(
      `
      const alive = setInterval(() => undefined, 1_000);
      process.on('watching', () => {
        console.log('watching');
        clearInterval(alive);
      });`,
      "onWatching: () => process.emit('watching')",
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'watching\n' });
  });

  it('does not kill a slow process, and does not keep an idle one alive', () => {
    const { code, signal, stderr } = run(`
      const end = performance.now() + ${String(2 * LIMIT_MS)};
      while (performance.now() < end) {
        block(${String(LIMIT_MS / 10)});
        await new Promise((resolve) => setTimeout(resolve, ${String(LIMIT_MS / 20)}));
      }`);
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  });
});
