import { describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';

// Each case starts a Node process.
jest.setTimeout(60_000);

/** A process that logs as the plugin does, and then runs `body`. */
function run(body: string): { code: number | null; stdout: string; lines: Record<string, unknown>[] } {
  const script = `
    import { createHclog } from './hclog.ts';
    import { endAtUncaught, redirectStdio } from './stdio-guard.ts';
    const log = createHclog({ level: 'debug' });
    redirectStdio(log);
    endAtUncaught(log, (code) => process.exit(code));
    ${body}`;
  const args = ['--input-type=module', '--eval', script];
  const {
    status: code,
    stdout,
    stderr,
  } = spawnSync(process.execPath, args, {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  const lines = stderr.split('\n').filter(Boolean);
  return { code, stdout, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('output that bypasses the log', () => {
  it('ends in it, and standard output stays silent', () => {
    const { code, stdout, lines } = run(`
      console.log('one %d', 1);
      console.error('two\\nthree');
      process.stdout.write('four\\n');
      process.stderr.write(Buffer.from('five'));`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(lines).toEqual([
      { '@level': 'debug', '@message': 'one 1', stream: 'stdout' },
      { '@level': 'debug', '@message': 'two', stream: 'stderr' },
      { '@level': 'debug', '@message': 'three', stream: 'stderr' },
      { '@level': 'debug', '@message': 'four', stream: 'stdout' },
      { '@level': 'debug', '@message': 'five', stream: 'stderr' },
    ]);
  });

  it('is a line when Node warns, which no backup is to blame for', () => {
    const { code, lines } = run(`process.emitWarning('soon gone', 'DeprecationWarning', 'DEP1');`);
    expect(code).toBe(0);
    expect(lines).toEqual([
      expect.objectContaining({
        '@level': 'debug',
        '@message': 'Node warns: DeprecationWarning',
        error: 'soon gone',
      }),
    ]);
  });

  it.each([
    ['an error that nobody catches', `setImmediate(() => { throw new TypeError('boom'); });`, 'boom'],
    ['a rejection that nobody waits for', `void Promise.reject(new TypeError('boom'));`, 'boom'],
    ['something else that is thrown', `setImmediate(() => { throw { odd: 1 }; });`, { odd: 1 }],
  ])('is the last line with %s', (_, body, told) => {
    const { code, stdout, lines } = run(body);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      '@level': 'error',
      '@message': 'the plugin process exits: uncaught error',
    });
    expect(lines[0]!.error ?? lines[0]!.err).toEqual(told);
  });
});
