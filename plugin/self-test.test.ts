import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfTest } from './self-test.ts';

// Each case starts a Node process.
jest.setTimeout(60_000);

const main = join(import.meta.dirname, 'main.ts');
let dir: string;
let said: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'self-test-'));
  said = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

const test = (args: string[], env: Record<string, string> = {}): Promise<number> =>
  selfTest({ command: process.execPath, args, env: { ...process.env, ...env } }, (line) => said.push(line));

describe('the self-test', () => {
  it('passes, with the time of every step', async () => {
    expect(await test([main])).toBe(0);
    expect(said.at(-1)).toBe('all 11 steps passed');
    for (const line of said.slice(0, -1)) expect(line).toMatch(/^OK +\d+\.\d ms {2}\S/);
  });

  it('reports why the program does not start', async () => {
    expect(await test([main], { PLUGIN_UNIX_SOCKET_DIR: join(dir, 'missing') })).toBe(1);
    expect(said[0]).toMatch(/^FAILED .* start and print where it listens: no handshake.*code 1/);
    expect(said.join('\n')).toContain('ENOENT');
    expect(said.at(-1)).toBe('1 of 1 steps failed');
  });

  it('names what a program does not do, and ends it', async () => {
    // It prints a handshake for a socket that does not exist, and keeps running.
    const program = join(dir, 'mute');
    writeFileSync(
      program,
      `#!/bin/sh\necho '{"@level":"info","@message":"here"}' >&2\necho '1|2|unix|${dir}/none|grpc|'\nexec sleep 600\n`,
    );
    chmodSync(program, 0o755);
    expect(await selfTest({ command: program, args: [], env: process.env }, (line) => said.push(line))).toBe(
      1,
    );
    expect(said[1]).toMatch(/^FAILED .* be healthy: .*UNAVAILABLE/);
    expect(said).toContain('  its log: {"@level":"info","@message":"here"}');
    expect(said.at(-1)).toBe('5 of 6 steps failed');
  });
});
