import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeError } from '../../kube/client/kube-error.ts';
import { BackupStory } from './support/backup-story.ts';
import { running } from './support/running.ts';

let harness: BackupStory;

beforeEach(async () => {
  harness = new BackupStory();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

describe('a mover that fails', () => {
  it.each([
    ['WrongPassword', 'ERROR: failure connecting to repository, incorrect password', 'RESTIC_PASSWORD'],
    ['RepositoryUnreachable', 'Fatal: NoSuchBucket: The specified bucket does not exist', 'bucket'],
    ['PermissionDenied', 'Fatal: unable to open config file: InvalidAccessKeyId', 'access'],
    ['NoSpace', 'Fatal: write /cache/x: no space left on device', 'cacheCapacity'],
    ['UnreadableSource', 'error: open /data/x: permission denied', 'privileged-movers'],
  ])('with %s fails the backup within seconds', async (reason, line, text) => {
    harness.cluster.state.script = () => ({
      end: 'failed',
      exitCode: 3,
      lines: ['Starting container', line],
    });
    await harness.begin();
    const startedAt = harness.cluster.clock.now();
    const { phase, failure, completionTimestamp } = await harness.end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason });
    expect(failure?.message).toContain(text);
    expect(failure?.message).toContain(line);
    expect(Date.parse(completionTimestamp ?? '') - startedAt).toBeLessThan(10_000);
    expect(harness.cluster.state.started).toHaveLength(1);
    expect(harness.inventory()).toEqual(harness.before);
  });

  it.each([
    ['RepositoryUnreachable', 2, ['ERROR: failure checking existence of repository']],
    ['RepositoryLocked', 3, ['Fatal: unable to create lock in backend: repository is already locked']],
    ['MoverFailed', 3, ['Fatal: something that nobody has seen before']],
  ])('with %s gets %i attempts', async (reason, attempts, lines) => {
    harness.cluster.state.script = () => ({ end: 'failed', lines });
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Failed', failure: { reason } });
    expect(harness.cluster.state.started).toHaveLength(attempts);
  });

  it('once and then succeeds completes the backup', async () => {
    harness.cluster.state.script = ({ attempt }) =>
      attempt === 1 ? { end: 'failed', lines: ['dial tcp: connection refused'] } : undefined;
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.cluster.state.started).toHaveLength(2);
  });

  it('because of a stale lock runs again when that is removed, and not from the start', async () => {
    const locked = 'Fatal: unable to create lock in backend: repository is already locked by PID 1';
    harness.cluster.state.script = ({ unlock }) => (unlock ? undefined : { end: 'failed', lines: [locked] });
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.cluster.state.started.map(({ unlock }) => unlock)).toEqual([false, true]);
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('because of an active lock is reported as RepositoryLocked, and the lock stays', async () => {
    const locked = 'Fatal: unable to create lock in backend: repository is already locked by PID 1';
    harness.cluster.state.script = () => ({ end: 'failed', lines: [locked] });
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('RepositoryLocked');
    expect(failure?.message).toContain(locked);
    expect(failure?.message).toContain('restic unlock --remove-all');
    expect(harness.cluster.state.started.map(({ unlock }) => unlock)).toEqual([false, true, true]);
  });

  it('because of insufficient memory is reported as OutOfMemory', async () => {
    harness.cluster.state.script = () => ({
      end: 'failed',
      exitCode: 137,
      reason: 'OOMKilled',
      lines: ['Starting'],
    });
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('OutOfMemory');
    expect(failure?.message).toContain('config.moverResources');
  });

  it('is judged without its log when that cannot be read', async () => {
    harness.cluster.podLogFault = () =>
      new KubeError({ code: 500, reason: 'InternalError', message: 'no kubelet' });
    harness.cluster.state.script = () => ({ end: 'failed', exitCode: 3, lines: ['incorrect password'] });
    await harness.begin();
    expect(await harness.end(600_000)).toMatchObject({ phase: 'Failed', failure: { reason: 'MoverFailed' } });
  });

  it('reveals no value of the secret in the status, Events or other objects', async () => {
    const values = {
      RESTIC_PASSWORD: 'hush-password',
      AWS_ACCESS_KEY_ID: 'hush-id',
      AWS_SECRET_ACCESS_KEY: 'hush-key',
    };
    harness.addSecret(values);
    harness.before = harness.inventory();
    harness.cluster.state.script = () => ({ end: 'failed', lines: ['Fatal: incorrect password'] });
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure?.message).toContain('velero/restic-config');
    const said = JSON.stringify([
      harness.reports,
      harness.kube.calls.filter(({ kind }) => kind.plural !== 'secrets'),
    ]);
    for (const value of Object.values(values)) {
      expect(said).not.toContain(value);
      expect(said).not.toContain(Buffer.from(value).toString('base64'));
    }
  });
});

describe("VolSync's Error condition", () => {
  async function move(): Promise<void> {
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.until(() => harness.cluster.state.started.length > 0);
  }

  it('is ignored if it disappears after a moment, even if the mover has run for a long time', async () => {
    await move();
    // Its log counts as activity: one line every minute.
    for (let minute = 0; minute < 30; minute++) {
      await harness.advance(60_000, 30_000);
      const bytes = `${String(minute)}.000 KiB`;
      harness.cluster.say(
        harness.child,
        `[0:10] ${String(minute)} files ${bytes}, total 56 files 2.000 MiB, 0 errors`,
      );
    }
    harness.cluster.state.volSyncErrors.set(harness.child, 'Operation cannot be fulfilled on jobs.batch');
    harness.cluster.wake();
    await harness.advance(3_000);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Moving' });
    harness.cluster.state.volSyncErrors.clear();
    harness.cluster.endRun(harness.child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });

  it('fails the backup with its message if it persists for a minute', async () => {
    await move();
    harness.cluster.state.volSyncErrors.set(harness.child, 'unable to create PVC: exceeded quota');
    harness.cluster.wake();
    await harness.advance(50_000, 5_000);
    expect(harness.backup()?.status?.phase).toBe('Moving');
    const { phase, failure } = await harness.end(30_000);
    expect(phase).toBe('Failed');
    expect(failure?.message).toContain('exceeded quota');
    expect(harness.inventory()).toEqual(harness.before);
  });
});
