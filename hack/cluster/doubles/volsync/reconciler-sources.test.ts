import { describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../../../api/kubernetes/snapshot.ts';
import { replicationSources } from './api.ts';
import { INJECT } from './keys.ts';
import { Rig, key, newSource, readySource, reasonOf } from './reconciler-set-up.ts';

describe('a source with a manual trigger', () => {
  it('shows one step per pass, from creation to waiting', async () => {
    const { rig, rs } = readySource();
    await rig.pass(rs);
    expect(rig.source().status).toEqual({
      lastSyncStartTime: '2026-01-02T03:04:06Z',
      latestMoverStatus: {},
      restic: {},
      conditions: [expect.objectContaining({ status: 'True', reason: 'SyncInProgress' })],
    });
    expect(rig.job()).toBeUndefined();

    expect(await rig.pass(rs)).toEqual({ requeueAfterMs: 60_000 });
    expect(rig.job()).toMatchObject({ spec: { template: { spec: { containers: [{ args: ['backup'] }] } } } });
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-src-rs-cache'))?.spec).toMatchObject({
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
    });

    rig.setJobStatus({ succeeded: 1 });
    rig.seedPod('Succeeded', ['noise', 'snapshot cddb1962 saved', 'Restic completed in 4s']);
    await rig.pass(rs);
    expect(rig.source().status).toMatchObject({
      lastManualSync: 'one',
      lastSyncDuration: '2s',
      latestMoverStatus: { result: 'Successful', logs: 'snapshot cddb1962 saved\nRestic completed in 4s' },
    });
    expect(reasonOf(rig.source())).toBe('CleaningUp');
    expect(rig.job()).toBeDefined();

    await rig.pass(rs);
    expect(reasonOf(rig.source())).toBe('WaitingForManual');
    expect(rig.job()).toBeUndefined();
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-src-rs-cache'))).toBeDefined();

    const writes = rig.kube.writeCalls().length;
    await rig.pass(rs);
    expect(rig.kube.writeCalls()).toHaveLength(writes);
  });

  it('still creates its cache claim while it is being deleted, unless it has become external', async () => {
    const cache = key('volsync-src-rs-cache');
    const { rig, rs } = readySource();
    await rig.pass(rs);
    rig.kube.edit(replicationSources, key('rs'), ({ metadata }) => {
      metadata.finalizers = ['foregroundDeletion'];
    });
    await rig.kube.client().delete(replicationSources, key('rs'));
    await rig.pass(rs);
    expect(rig.kube.peek(persistentVolumeClaims, cache)).toBeDefined();

    rig.kube.remove(persistentVolumeClaims, cache);
    const spec = { restic: null, external: {} };
    await rig.kube.client().mergePatch(replicationSources, key('rs'), { spec });
    const writes = rig.kube.writeCalls().length;
    expect(await rig.pass(rs)).toEqual({});
    expect(rig.kube.writeCalls()).toHaveLength(writes);
  });

  it('keeps the old result when the next sync starts, and reports the tag of the end', async () => {
    const { rig, rs } = readySource();
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    rig.setJobStatus({ succeeded: 1 });
    rig.kube.edit(replicationSources, key('rs'), (object) => {
      object.spec = { ...object.spec, trigger: { manual: 'two' } };
    });
    await rig.pass(rs);
    expect(rig.source().status?.lastManualSync).toBe('two');
    await rig.pass(rs);
    expect(reasonOf(rig.source())).toBe('WaitingForManual');

    rig.kube.edit(replicationSources, key('rs'), (object) => {
      object.spec = { ...object.spec, trigger: { manual: 'three' } };
    });
    await rig.pass(rs);
    expect(rig.source().status).toMatchObject({
      lastManualSync: 'two',
      latestMoverStatus: { result: 'Successful' },
      lastSyncStartTime: expect.any(String) as unknown as string,
    });
  });

  it('recreates a failed Job after eight failures and never ends', async () => {
    const { rig, rs } = readySource();
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    const startedAt = rig.source().status?.lastSyncStartTime;
    rig.setJobStatus({ failed: 7 });
    await rig.pass(rs);
    expect(rig.source().status?.latestMoverStatus).toEqual({});
    rig.setJobStatus({ failed: 8 });
    rig.seedPod('Failed', ['every line', 'is kept']);
    await rig.pass(rs);
    expect(rig.source().status).toMatchObject({
      lastSyncStartTime: startedAt,
      latestMoverStatus: { result: 'Failed', logs: 'every line\nis kept' },
    });
    expect(reasonOf(rig.source())).toBe('SyncInProgress');
    expect(rig.job()).toBeUndefined();
    await rig.pass(rs);
    expect(rig.job()).toBeDefined();
  });

  it('reports a missing claim or Secret after it created the cache, and continues once both exist', async () => {
    const rig = new Rig();
    const rs = newSource(rig);
    await rig.pass(rs);
    expect(await rig.pass(rs)).toMatchObject({ message: 'PersistentVolumeClaim "data" not found' });
    rig.seedClaim('data');
    expect(await rig.pass(rs)).toMatchObject({ message: 'Secret "repo" not found' });
    expect(rig.source().status?.conditions?.[0]).toMatchObject({
      status: 'False',
      reason: 'Error',
      message: 'Secret "repo" not found',
    });
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-src-rs-cache'))).toBeDefined();
    rig.seedSecret(['RESTIC_PASSWORD', 'X']);
    expect(await rig.pass(rs)).toMatchObject({ message: 'secret is missing field: RESTIC_REPOSITORY' });
    rig.seedSecret();
    expect(await rig.pass(rs)).toEqual({ requeueAfterMs: 60_000 });
    expect(reasonOf(rig.source())).toBe('SyncInProgress');
  });

  it('recreates the Job if its template changes during a sync', async () => {
    const { rig, rs } = readySource();
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    rig.seedSecret(['RESTIC_REPOSITORY', 'RESTIC_PASSWORD', 'AWS_ACCESS_KEY_ID']);
    expect(await rig.pass(rs)).toMatchObject({
      message: 'unable to update object. Deleting object so it can be recreated',
    });
    expect(rig.job()).toBeUndefined();
    await rig.pass(rs);
    expect(JSON.stringify(rig.job())).toContain('AWS_ACCESS_KEY_ID');
  });

  it('pauses and resumes without another change', async () => {
    const { rig, rs } = readySource({ paused: true });
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    expect(rig.job()).toMatchObject({ spec: { parallelism: 0 } });
    expect(reasonOf(rig.source())).toBe('SyncInProgress');
    rig.kube.edit(replicationSources, key('rs'), (object) => {
      object.spec = { ...object.spec, paused: false };
    });
    await rig.pass(rs);
    expect(rig.job()).toMatchObject({ spec: { parallelism: 1 } });
  });

  it('unlocks and prunes if requested, and records both after the Job has succeeded', async () => {
    const restic = { copyMethod: 'Direct', repository: 'repo', unlock: 'u1', pruneIntervalDays: 0 };
    const { rig, rs } = readySource({ restic });
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    expect(rig.job()).toMatchObject({
      spec: { template: { spec: { containers: [{ args: ['unlock', 'backup', 'prune'] }] } } },
    });
    rig.setJobStatus({ succeeded: 1 });
    await rig.pass(rs);
    expect(rig.source().status?.restic).toEqual({ lastUnlocked: 'u1', lastPruned: '2026-01-02T03:04:08Z' });
  });

  it('copies through a snapshot and deletes it after the tag is reported', async () => {
    const { rig, rs } = readySource({ restic: { copyMethod: 'Snapshot', repository: 'repo' } });
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-rs-src'))).toBeUndefined();
    rig.kube.edit(volumeSnapshots, key('volsync-rs-src'), (snapshot) => {
      snapshot.status = { boundVolumeSnapshotContentName: 'c', restoreSize: '3Gi' };
    });
    await rig.pass(rs);
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-rs-src'))?.spec).toMatchObject({
      storageClassName: 'fast',
      resources: { requests: { storage: '3Gi' } },
      dataSource: { kind: 'VolumeSnapshot', name: 'volsync-rs-src' },
    });
    rig.setJobStatus({ succeeded: 1 });
    await rig.pass(rs);
    expect(rig.source().status?.lastManualSync).toBe('one');
    expect(rig.kube.peek(volumeSnapshots, key('volsync-rs-src'))).toBeDefined();
    await rig.pass(rs);
    expect(rig.kube.peek(volumeSnapshots, key('volsync-rs-src'))).toBeUndefined();
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-rs-src'))).toBeUndefined();
  });

  it('clones without waiting for the clone to be bound', async () => {
    const { rig, rs } = readySource({ restic: { copyMethod: 'Clone', repository: 'repo' } });
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-rs-src'))?.spec.dataSource).toEqual({
      kind: 'PersistentVolumeClaim',
      name: 'data',
    });
    expect(rig.job()).toBeDefined();
  });

  it('has no default copy method', async () => {
    const { rig, rs } = readySource({ restic: { repository: 'repo' } });
    await rig.pass(rs);
    expect(await rig.pass(rs)).toMatchObject({
      message: expect.stringMatching(/^unsupported copyMethod: /) as unknown as string,
    });
  });

  it('delays a copy until the trigger on the source PVC changes', async () => {
    const { rig, rs } = readySource({ restic: { copyMethod: 'Clone', repository: 'repo' } });
    const annotate = (annotations: Record<string, string>) =>
      rig.kube.edit(persistentVolumeClaims, key('data'), ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, ...annotations };
      });
    const annotations = () => rig.kube.peek(persistentVolumeClaims, key('data'))?.metadata.annotations;
    annotate({ 'volsync.backube/use-copy-trigger': '' });
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    expect(annotations()).toMatchObject({ 'volsync.backube/latest-copy-status': 'WaitingForTrigger' });
    expect(rig.job()).toBeUndefined();
    rig.now += 600_000;
    await rig.pass(rs);
    expect(rig.source().status?.latestMoverStatus).toEqual({
      result: 'Failed',
      logs: 'Timed out waiting for copy-trigger to be modified for pvc data',
    });
    annotate({ 'volsync.backube/copy-trigger': 't1' });
    await rig.pass(rs);
    await rig.pass(rs);
    expect(annotations()).toMatchObject({
      'volsync.backube/latest-copy-status': 'Completed',
      'volsync.backube/latest-copy-trigger': 't1',
    });
    expect(rig.job()).toBeDefined();
  });

  it('mounts a volume that can only be read read-only', async () => {
    const rig = new Rig();
    rig.seedSecret();
    rig.seedClaim('data', ['ReadOnlyMany']);
    const rs = newSource(rig);
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    expect(rig.job()).toMatchObject({
      spec: { template: { spec: { volumes: [{ persistentVolumeClaim: { readOnly: true } }, {}, {}] } } },
    });
  });

  it('shows an injected conflict once per sync and then completes', async () => {
    const { rig, rs } = readySource();
    rig.kube.edit(replicationSources, key('rs'), ({ metadata }) => {
      metadata.annotations = { [INJECT]: 'transient-error, no-logs' };
    });
    for (let pass = 0; pass < 2; pass++) await rig.pass(rs);
    rig.setJobStatus({ succeeded: 1 });
    rig.seedPod('Succeeded', ['snapshot cddb1962 saved']);
    await rig.pass(rs);
    expect(rig.source().status?.conditions?.[0]).toMatchObject({
      reason: 'Error',
      message: expect.stringMatching(
        /^Operation cannot be fulfilled on jobs.batch "volsync-src-rs"/,
      ) as unknown as string,
    });
    await rig.pass(rs);
    expect(rig.source().status).toMatchObject({ lastManualSync: 'one' });
    expect(rig.source().status?.latestMoverStatus).toEqual({ result: 'Successful' });
  });
});
