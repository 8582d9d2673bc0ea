import { describe, expect, it } from '@jest/globals';
import type { Job, Pod } from '../../../api/kubernetes/core.ts';
import { repositoryContext } from '../access/repository-context.ts';
import { observeRun, type ResticRun } from './observe-run.ts';

const remedies = { privileges: 'let it do more', space: 'give it more' };

function run(more: {
  job?: Job['status'];
  phase?: string;
  exitCode?: number;
  lines?: string[];
  complete?: boolean;
}): ResticRun {
  const { job = {}, phase, exitCode, lines = [], complete = true } = more;
  const state = exitCode === undefined ? {} : { terminated: { exitCode } };
  return {
    program: 'restic',
    doing: 'removing the snapshot',
    job: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'dmd-1' }, status: job },
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'dmd-1-x' },
      spec: { containers: [{ name: 'restic' }] },
      status: { phase, containerStatuses: [{ name: 'restic', state }] },
    } as Pod,
    podLog: { lines, movedAt: undefined, complete },
    context: repositoryContext('c1/app/data', 'velero/restic-config', remedies),
  };
}

describe('a restic run', () => {
  it('is done when restic has ended well', () => {
    const seen = run({ job: { succeeded: 1 }, lines: ['1 snapshots have been removed, running prune'] });
    expect(observeRun(seen)).toEqual({
      state: 'Done',
      facts: { lines: ['1 snapshots have been removed, running prune'] },
    });
  });

  it('is done when its pod has ended well, even before the Job reports it', () => {
    expect(observeRun(run({ phase: 'Running', exitCode: 0, lines: ['saved'] }))).toMatchObject({
      state: 'Done',
    });
    expect(observeRun(run({ phase: 'Running', exitCode: 0, complete: false }))).toMatchObject({
      state: 'InProgress',
    });
    expect(observeRun(run({ phase: 'Running', exitCode: 1 }))).toMatchObject({ state: 'InProgress' });
  });

  it('is not done before the whole log is read', () => {
    const seen = run({ job: { succeeded: 1 }, complete: false });
    expect(observeRun(seen)).toMatchObject({ state: 'InProgress', requeueAfterMs: 2000 });
  });

  it('is in progress while restic works, and reports if it has started', () => {
    expect(observeRun(run({ phase: 'Pending' }))).toMatchObject({
      state: 'InProgress',
      started: false,
    });
    expect(observeRun(run({ phase: 'Running' }))).toMatchObject({ state: 'InProgress', started: true });
  });

  it('reports why restic cannot start', () => {
    const seen = run({ phase: 'Pending' });
    const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
    seen.pod!.status!.containerStatuses = [{ name: 'restic', state: { waiting } }];
    expect(observeRun(seen)).toMatchObject({
      state: 'InProgress',
      message: 'restic cannot start: ImagePullBackOff: no such image',
    });
  });

  it('waits for the whole log of a failed pod', () => {
    const seen = run({ job: { failed: 1 }, phase: 'Failed', complete: false });
    expect(observeRun(seen)).toMatchObject({ state: 'InProgress', requeueAfterMs: 2000 });
  });

  it('fails without a retry if the password is wrong, and names secret and key', () => {
    const lines = ['Fatal: wrong password or no key found'];
    const outcome = observeRun(run({ job: { failed: 1 }, phase: 'Failed', exitCode: 12, lines }));
    expect(outcome).toMatchObject({ state: 'Failed', reason: 'WrongPassword' });
    expect(outcome).toHaveProperty(
      'message',
      expect.stringMatching(/RESTIC_PASSWORD of Secret velero\/restic-config/),
    );
  });

  it('fails without a retry if the repository does not exist (exit code 10 of restic, not of rclone)', () => {
    const seen = run({ job: { failed: 1 }, phase: 'Failed', exitCode: 10, lines: ['Fatal: no config'] });
    expect(observeRun(seen)).toMatchObject({
      state: 'Failed',
      reason: 'RepositoryMissing',
      message: expect.stringMatching(/^repository c1\/app\/data does not exist; check key RESTIC_REPOSITORY/),
    });
    expect(observeRun({ ...seen, program: 'rclone' }).state).toBe('InProgress');
  });

  it('reports a damaged repository if it has a key but no config', () => {
    const lines = ['Fatal: create key in repository at s3:h/b failed: repository already contains keys', ''];
    const seen = run({ job: { failed: 1 }, phase: 'Failed', exitCode: 10, lines });
    expect(observeRun(seen)).toMatchObject({ state: 'Failed', reason: 'RepositoryDamaged' });
  });

  it('fails after three attempts if the failure is unknown', () => {
    const seen = (failed: number): ResticRun =>
      run({ job: { failed }, phase: 'Failed', exitCode: 1, lines: ['Fatal: something odd'] });
    expect(observeRun(seen(2)).state).toBe('InProgress');
    expect(observeRun(seen(3))).toMatchObject({ state: 'Failed', reason: 'MoverFailed' });
  });
});
