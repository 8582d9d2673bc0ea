import { describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };

// Each case starts a Node process.
jest.setTimeout(60_000);

/** Runs the program as a user does, not as Velero does. */
function run(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { VELERO_PLUGIN: _, ...env } = process.env;
  const main = join(import.meta.dirname, 'main.ts');
  const {
    status: code,
    stdout,
    stderr,
  } = spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' });
  return { code, stdout, stderr };
}

describe('started by hand', () => {
  it('prints what it is, its version, and how to install it', () => {
    const { code, stdout, stderr } = run();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`velero-plugin-for-datamover ${manifest.version} `);
    expect(stderr).toContain('This is a plugin of Velero');
    expect(stderr).toContain('velero plugin add IMAGE');
  });

  it('prints help and version with --help and --version', () => {
    expect(run('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--self-test'),
      stderr: '',
    });
    expect(run('--version')).toEqual({
      code: 0,
      stdout: `velero-plugin-for-datamover ${manifest.version} (Node ${process.version})\n`,
      stderr: '',
    });
  });

  it('rejects any other command', () => {
    const { code, stderr } = run('serve');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^velero-plugin-for-datamover: unknown command serve\n/);
  });
});
