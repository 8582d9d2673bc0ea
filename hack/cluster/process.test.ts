import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startTime } from './proc.ts';
import { Supervisor, lastLines } from './process.ts';
import { waitUntil } from './wait.ts';
import type { ProcessSpec } from './process.ts';

const SLEEP: ProcessSpec = { command: 'sleep', args: ['300'] };

let dir: string;
let supervisor: Supervisor;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dm-'));
  supervisor = new Supervisor(dir, join(dir, 'pids'), join(dir, 'logs'));
});

afterEach(async () => {
  await supervisor.kill('a');
  rmSync(dir, { recursive: true });
});

function pidOf(name: string): number {
  const pid = supervisor.find(name)?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  return pid;
}

describe('Supervisor', () => {
  it('starts once and finds what runs, also for another supervisor', async () => {
    expect(await supervisor.ensure('a', SLEEP)).toBe(true);
    const pid = pidOf('a');
    const other = new Supervisor(dir, join(dir, 'pids'), join(dir, 'logs'));
    expect(await other.ensure('a', SLEEP)).toBe(false);
    expect(other.find('a')?.pid).toBe(pid);
  });

  it.each([
    ['arguments', { ...SLEEP, args: ['301'] }],
    ['environment', { ...SLEEP, env: { X: '1' } }],
    ['fingerprint', { ...SLEEP, fingerprint: 'new' }],
  ])('replaces a process whose %s changed', async (_what, changed) => {
    await supervisor.ensure('a', SLEEP);
    const before = pidOf('a');
    expect(await supervisor.ensure('a', changed)).toBe(true);
    expect(pidOf('a')).not.toBe(before);
    expect(startTime(before)).toBeUndefined();
  });

  it('lists the names of the processes that it started until they are stopped', async () => {
    expect(supervisor.names()).toEqual([]);
    await supervisor.ensure('a', SLEEP);
    expect(supervisor.names()).toEqual(['a']);
    await supervisor.stop('a');
    expect(supervisor.names()).toEqual([]);
  });

  it('starts a killed process again', async () => {
    await supervisor.ensure('a', SLEEP);
    const before = pidOf('a');
    process.kill(before, 'SIGKILL');
    await waitUntil('it to end', () => startTime(before) === undefined, { timeoutMs: 30_000 });
    expect(supervisor.find('a')).toBeUndefined();
    expect(await supervisor.ensure('a', SLEEP)).toBe(true);
  });

  it('never touches a process that only has the number of an old one', async () => {
    const stranger = spawn('sleep', ['300'], { stdio: 'ignore' });
    const pid = stranger.pid ?? 0;
    try {
      await supervisor.ensure('a', SLEEP);
      const file = join(dir, 'pids/a.json');
      const record = JSON.parse(readFileSync(file, 'utf8')) as object;
      await supervisor.kill('a');
      const started = startTime(pid) ?? 0;
      const earlier = { pid, startTime: started - 1 };
      const otherBoot = { pid, startTime: started, bootId: 'another boot' };
      for (const lie of [earlier, otherBoot]) {
        writeFileSync(file, JSON.stringify({ ...record, ...lie }));
        expect(supervisor.find('a')).toBeUndefined();
        await supervisor.stop('a');
        expect(startTime(pid)).toBeDefined();
      }
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('finds a process by its mark when the pid file is lost', async () => {
    await supervisor.ensure('a', SLEEP);
    const pid = pidOf('a');
    rmSync(join(dir, 'pids/a.json'));
    await waitUntil('its mark', () => supervisor.owned('a').includes(pid), { timeoutMs: 30_000 });
    await supervisor.stop('a');
    expect(startTime(pid)).toBeUndefined();
  });

  it('ends children that outlive their parent, unless they are meant to', async () => {
    const parent: ProcessSpec = { command: 'sh', args: ['-c', 'sleep 300 & wait'] };
    const children = (): number[] => supervisor.owned('a').filter((pid) => pid !== supervisor.find('a')?.pid);
    await supervisor.ensure('a', parent);
    await waitUntil('the child', () => children().length === 1, { timeoutMs: 30_000 });
    const [child = 0] = children();
    await supervisor.stop('a', { ...parent, childrenSurvive: true });
    expect(startTime(child)).toBeDefined();
    await supervisor.stop('a', parent);
    expect(startTime(child)).toBeUndefined();
  });

  it('kills what does not heed SIGTERM', async () => {
    const stubborn: ProcessSpec = {
      command: 'sh',
      args: ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'],
    };
    await supervisor.ensure('a', stubborn);
    const isReady = (): boolean => lastLines(supervisor.logFile('a'), 1) === 'ready';
    await waitUntil('the trap', isReady, { timeoutMs: 30_000 });
    const pid = pidOf('a');
    await supervisor.stop('a', { ...stubborn, termTimeoutMs: 100 });
    expect(startTime(pid)).toBeUndefined();
  });

  it('writes the output of a process to a log and returns its last lines', async () => {
    await supervisor.ensure('a', { command: 'sh', args: ['-c', 'echo one; echo two >&2'] });
    await waitUntil('the output', () => lastLines(supervisor.logFile('a'), 2) === 'one\ntwo', {
      timeoutMs: 30_000,
    });
  });

  it('hands down nothing of the caller but what is named', async () => {
    process.env['HTTPS_PROXY'] = 'http://proxy.invalid';
    try {
      await supervisor.ensure('a', { command: 'sh', args: ['-c', 'env; echo end'], env: { X: 'y' } });
    } finally {
      delete process.env['HTTPS_PROXY'];
    }
    await waitUntil('the output', () => lastLines(supervisor.logFile('a'), 1) === 'end', {
      timeoutMs: 30_000,
    });
    const log = lastLines(supervisor.logFile('a'), 20);
    expect(log).toContain('X=y');
    expect(log).not.toContain('proxy.invalid');
  });
});
