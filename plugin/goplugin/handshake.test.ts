import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { createSocketPath, handshakeLine, isStartedByVelero, sweepSockets } from './handshake.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'handshake-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

describe('the handshake', () => {
  it('is the line that go-plugin 1.x reads', () => {
    expect(handshakeLine('/tmp/x/socket')).toBe('1|2|unix|/tmp/x/socket|grpc|\n');
  });

  it.each([
    [{}, false],
    [{ VELERO_PLUGIN: '' }, false],
    [{ VELERO_PLUGIN: 'hello' }, true],
  ])('needs the cookie: %p', (env, started) => {
    expect(isStartedByVelero(env)).toBe(started);
  });
});

describe('the socket', () => {
  const env = () => ({ PLUGIN_UNIX_SOCKET_DIR: parent });

  it('is in a separate folder with mode 0700 that is removed with it', () => {
    const [one, two] = [createSocketPath(env()), createSocketPath(env())];
    expect(one.path).not.toBe(two.path);
    expect(statSync(dirname(one.path)).mode & 0o777).toBe(0o700);
    one.remove();
    two.remove();
    expect(readdirSync(parent)).toEqual([]);
  });

  it('of a dead process is swept, others stay', () => {
    const { pid: dead } = spawnSync('true');
    const mine = createSocketPath(env());
    mkdirSync(join(parent, `plugin-datamover-${String(dead)}-abc`));
    mkdirSync(join(parent, 'plugin12345'));
    sweepSockets(env());
    expect(existsSync(dirname(mine.path))).toBe(true);
    expect(readdirSync(parent).sort()).toHaveLength(2);
    expect(existsSync(join(parent, 'plugin12345'))).toBe(true);
  });
});
