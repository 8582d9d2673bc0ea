import { describe, expect, it } from '@jest/globals';
import { createFakeClock, settle } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import type { DataMoverBackupStatus } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { aBackup, aClaim } from '../../tests/fakes/velero-objects.ts';
import { desiredBackup } from './desired-backup.ts';
import { waitForCapture } from './wait-for-capture.ts';

const capture = { consistency: 'PointInTime', time: '2026-01-01T00:00:00Z' } as const;
const request = desiredBackup(aBackup(), aClaim(), { className: 'standard' });
const key = { namespace: 'app', name: request.metadata.name };

function setUp(status?: DataMoverBackupStatus) {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  const caller = new AbortController();
  const found = kube.seed(dataMoverBackups, status === undefined ? request : { ...request, status });
  const wait = () =>
    waitForCapture(kube.client(), found, { clock, timeoutMs: 60_000, signal: caller.signal });
  const report = (next: DataMoverBackupStatus) =>
    kube.edit(dataMoverBackups, key, (object) => void (object.status = next));
  return { clock, kube, caller, wait, report };
}

describe('waiting for a capture', () => {
  it('ends at once, without a call, if the capture already exists', async () => {
    const { wait, kube } = setUp({ phase: 'Queued', capture });
    await expect(wait()).resolves.toEqual({ outcome: 'captured', capture });
    expect(kube.calls.map(({ verb }) => verb)).toEqual([]);
  });

  it('ends with the event that reports the capture, after any earlier events', async () => {
    const { wait, kube, report } = setUp();
    const waiting = wait();
    await settle();
    report({ phase: 'Capturing' });
    kube.sendBookmarks();
    await settle();
    expect(kube.openWatches).toBe(1);
    report({ phase: 'Staging', capture });
    await expect(waiting).resolves.toEqual({ outcome: 'captured', capture });
    expect(kube.openWatches).toBe(0);
  });

  it('is over, too, when the request fails', async () => {
    const { wait, report } = setUp();
    const waiting = wait();
    await settle();
    report({ phase: 'Failed', failure: { reason: 'SnapshotFailed', message: 'no space' } });
    await expect(waiting).resolves.toEqual({ outcome: 'failed', message: 'SnapshotFailed: no space' });
  });

  it('counts a request that failed later as captured', async () => {
    const failure = { reason: 'MoverFailed', message: 'x' };
    await expect(setUp({ phase: 'Failed', failure, capture }).wait()).resolves.toMatchObject({
      outcome: 'captured',
    });
  });

  it('has its limit', async () => {
    const { wait, clock, kube } = setUp();
    const waiting = wait();
    await clock.advance(59_999);
    expect(kube.openWatches).toBe(1);
    await clock.advance(1);
    await expect(waiting).resolves.toEqual({ outcome: 'timedOut' });
    expect(kube.openWatches).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('outlives broken watches, expired versions and outages', async () => {
    const { wait, clock, kube, report } = setUp();
    const waiting = wait();
    await settle();
    kube.breakWatches(new KubeError({ code: 410, reason: 'Expired', message: 'too old' }));
    await clock.advance(500);
    kube.breakWatches();
    kube.before = () => {
      throw new KubeError({ code: 0, reason: 'ConnectionError', message: 'refused' });
    };
    await clock.advance(20_000);
    kube.restart();
    report({ phase: 'Queued', capture });
    await clock.advance(10_000);
    await expect(waiting).resolves.toMatchObject({ outcome: 'captured' });
  });

  it('fails with what waiting does not cure', async () => {
    const { wait, kube } = setUp();
    const waiting = wait();
    await settle();
    kube.remove(dataMoverBackups, key);
    await expect(waiting).rejects.toThrow(/DataMoverBackup app\/dmb-.* was deleted while/);
    await expect(wait()).rejects.toThrow('was deleted while');
  });

  it('ends when Velero aborts the call', async () => {
    const { wait, caller, clock } = setUp();
    const waiting = wait();
    await settle();
    caller.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
    expect(clock.pending).toBe(0);
  });
});
