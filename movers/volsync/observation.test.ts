import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Job, Pod } from '../../api/kubernetes/core.ts';
import type { ReplicationStatus } from '../../api/volsync/v1alpha1.ts';
import { observeTransfer, type Observation } from './observation.ts';
import { repositoryContext } from '../restic-repository/access/repository-context.ts';
import { remedies } from './remedies.ts';
import type { PodLog } from '../restic-repository/log/followed-log.ts';

const now = new Date('2026-01-01T01:00:00Z');
const CREATED = '2026-01-01T00:50:00Z';

const job = (failed = 0): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'job' },
  status: { failed },
});

function pod(
  phase: NonNullable<Pod['status']>['phase'],
  state?: ContainerStatus['state'],
  more: Partial<Pod['status']> = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod', creationTimestamp: CREATED },
    spec: { containers: [{ name: 'restic' }] },
    status: {
      ...(phase !== undefined && { phase }),
      ...(state !== undefined && { containerStatuses: [{ name: 'restic', state }] }),
      ...more,
    },
  };
}

const running = (): Pod => pod('Running', { running: { startedAt: '2026-01-01T00:51:00Z' } });
const failed = (exitCode = 1): Pod => pod('Failed', { terminated: { exitCode } });
const log = (lines: string[], more: Partial<PodLog> = {}): PodLog => ({
  lines,
  movedAt: undefined,
  complete: true,
  ...more,
});

function error(message: string, since: string): ReplicationStatus {
  const condition = {
    type: 'Synchronizing',
    status: 'False' as const,
    reason: 'Error',
    message,
    lastTransitionTime: since,
  };
  return { conditions: [condition] };
}

function look(seen: Partial<Observation>) {
  return observeTransfer({
    tag: 'tag',
    status: {},
    job: job(),
    pod: undefined,
    podLog: undefined,
    context: repositoryContext('c1/app/data', 'velero/restic-config', remedies),
    left: (since = '', seconds) => Date.parse(since) + seconds * 1000 - now.getTime(),
    ...seen,
  });
}

describe('a transfer', () => {
  it.each([
    ['before VolSync has seen it', { status: undefined, job: undefined }, 'waiting for VolSync to start'],
    ['before the Job is there', { job: undefined }, 'VolSync is preparing'],
    ['before the pod is there', {}, "waiting for the mover's pod"],
    ['before the container is there', { pod: pod('Pending') }, "the mover's pod is starting"],
    [
      'whose image cannot be had',
      { pod: pod('Pending', { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }) },
      'ImagePullBackOff: no such image',
    ],
    [
      'that has no node',
      {
        pod: pod('Pending', undefined, {
          conditions: [{ type: 'PodScheduled', status: 'False', message: 'no room' }],
        }),
      },
      'cannot be scheduled: no room',
    ],
  ])('%s has not started, and the message explains why', (_, seen, message) => {
    expect(look(seen)).toMatchObject({
      state: 'InProgress',
      started: false,
      message: expect.stringContaining(message),
    });
  });

  it('counts the creation of a pod that has not started as its last activity', () => {
    expect(look({ pod: pod('Pending') })).toMatchObject({ lastActivity: CREATED });
    expect(look({})).not.toHaveProperty('lastActivity');
  });

  it('reports its node as soon as its pod is scheduled', () => {
    const scheduled = pod('Pending');
    expect(look({ pod: scheduled })).not.toHaveProperty('node');
    scheduled.spec.nodeName = 'n1';
    expect(look({ pod: scheduled })).toMatchObject({ started: false, node: 'n1' });
    expect(look({ pod: { ...running(), spec: scheduled.spec } })).toMatchObject({
      started: true,
      node: 'n1',
    });
  });

  it('that runs reports its progress and its last activity', () => {
    const lines = ['[0:10] 5 files 1.000 KiB, total 9 files 2.000 KiB'];
    expect(look({ pod: running(), podLog: log(lines, { complete: false, movedAt: now }) })).toMatchObject({
      state: 'InProgress',
      started: true,
      progress: { bytesDone: 1024, totalBytes: 2048 },
      lastActivity: now.toISOString(),
    });
    expect(look({ pod: running(), podLog: log([]) })).toMatchObject({ lastActivity: '2026-01-01T00:51:00Z' });
  });

  it('has succeeded when VolSync reports our tag, and only then', () => {
    const status = (lastManualSync: string): ReplicationStatus => ({
      lastManualSync,
      lastSyncTime: '2026-01-01T00:59:59Z',
      latestMoverStatus: { result: 'Successful', logs: 'snapshot abcdef01 saved' },
    });
    expect(look({ status: status('tag') })).toMatchObject({
      state: 'succeeded',
      log: { savedSnapshot: 'abcdef01' },
      finishedAt: '2026-01-01T00:59:59Z',
      logComplete: true,
    });
    expect(look({ status: status('older') }).state).toBe('InProgress');
    const ended = pod('Succeeded', { terminated: { exitCode: 0, finishedAt: '2026-01-01T00:59:58Z' } });
    expect(look({ status: status('tag'), pod: ended })).toMatchObject({ finishedAt: '2026-01-01T00:59:58Z' });
  });

  it('has succeeded even if an earlier pod failed or an error flashed', () => {
    const status = { ...error('conflict', '2026-01-01T00:00:00Z'), lastManualSync: 'tag' };
    expect(look({ status, job: job(1), pod: failed(), podLog: log(['incorrect password']) }).state).toBe(
      'succeeded',
    );
  });
});

describe("VolSync's error", () => {
  it('that is new is reported, and does not stop the running mover', () => {
    const status = error('conflict on the Job', '2026-01-01T00:59:30Z');
    expect(look({ status, pod: running() })).toMatchObject({
      state: 'InProgress',
      started: true,
      message: 'VolSync reports: conflict on the Job',
      requeueAfterMs: 30_000,
    });
  });

  it('that lasts for a minute is a failure', () => {
    const since = '2026-01-01T00:59:00Z';
    expect(look({ status: error('quota', since) })).toEqual({
      state: 'Failed',
      reason: 'MoverFailed',
      message: `VolSync reports since ${since}: quota`,
    });
  });
});

describe('a failed pod', () => {
  const password = 'ERROR: failure connecting to repository, incorrect password';

  it('is judged by the whole of its log', () => {
    const podLog = log([password], { complete: false });
    expect(look({ job: job(1), pod: failed(), podLog })).toMatchObject({
      state: 'InProgress',
      started: true,
    });
    expect(look({ job: job(1), pod: failed(), podLog: log([password]) })).toMatchObject({
      state: 'Failed',
      reason: 'WrongPassword',
      message: expect.stringContaining(`the mover (failed once) reports: ${password}`),
    });
  });

  it.each([
    ['connection refused', 1, 'InProgress'],
    ['connection refused', 2, 'Failed'],
    ['already locked', 1, 'InProgress'],
    ['already locked', 2, 'Failed'],
    ['never seen before', 2, 'InProgress'],
    ['never seen before', 3, 'Failed'],
    [password, 1, 'Failed'],
  ])('with "%s" after %i attempts means %s', (line, attempts, state) => {
    expect(look({ job: job(attempts), pod: failed(), podLog: log([line]) }).state).toBe(state);
  });

  it('whose successor runs is forgotten', () => {
    expect(look({ job: job(1), pod: running(), podLog: log([]) }).state).toBe('InProgress');
  });

  it('is judged by its exit code if its log cannot be read', () => {
    expect(look({ job: job(3), pod: failed(42) })).toMatchObject({
      reason: 'MoverFailed',
      message: expect.stringContaining('exit code 42'),
    });
  });

  it('is not quoted at length, nor with the credentials of a URL', () => {
    const line = `Fatal: Get "https://user:hush@host/x": connection refused ${'x'.repeat(1000)}`;
    const observed = look({ job: job(2), pod: failed(), podLog: log([line]) });
    const message = 'message' in observed ? observed.message : '';
    expect(message).toContain('https://host/x');
    expect(message).not.toContain('hush');
    expect(message.length).toBeLessThan(800);
  });
});
