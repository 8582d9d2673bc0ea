import { describe, expect, it } from '@jest/globals';
import { jobs, namespaces, persistentVolumeClaims, pods, secrets } from '../../../../api/kubernetes/core.ts';
import type { Job } from '../../../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../../../api/kubernetes/snapshot.ts';
import { keyOf } from '../../../../api/kubernetes/meta.ts';
import { KubeError } from '../../../../kube/client/kube-error.ts';
import { silentLogger } from '../../../../telemetry/log.ts';
import { FakeKube } from '../../../../tests/fakes/fake-kube.ts';
import { replicationDestinations, replicationSources } from './api.ts';
import type { Replication, ReplicationDestination, ReplicationSource } from './api.ts';
import { INJECT } from './keys.ts';
import { destinationMover, sourceMover } from './movers.ts';
import { ReplicationReconciler } from './reconciler.ts';

const NAMESPACE = 'ns';
const T0 = Date.parse('2026-01-02T03:04:05Z');

/** A cluster in memory with one CR, driven pass by pass. */
class Rig {
  now = T0;
  readonly kube = new FakeKube({
    admit: refuseChangedTemplates,
    clock: { now: () => this.now, monotonic: () => this.now, after: () => () => undefined },
  });
  readonly #reconcilers;

  constructor() {
    const client = this.kube.client('volsync-double');
    const settings = { moverImage: 'mover:1', failureLimit: 8, logMaxBytes: 1024, timeScale: 1 };
    const common = { client, settings, tell: () => undefined, now: () => this.now };
    this.#reconcilers = {
      ReplicationSource: new ReplicationReconciler({
        ...common,
        kind: replicationSources,
        mover: sourceMover,
      }),
      ReplicationDestination: new ReplicationReconciler({
        ...common,
        kind: replicationDestinations,
        mover: destinationMover,
      }),
    };
    this.kube.seed(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  }

  seedSecret(keys = ['RESTIC_REPOSITORY', 'RESTIC_PASSWORD']): void {
    const data = Object.fromEntries(keys.map((key) => [key, 'eA==']));
    this.kube.seed(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: named('repo'), data });
  }

  seedClaim(name: string, accessModes = ['ReadWriteOnce']): void {
    this.kube.seed(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: named(name),
      spec: { accessModes, storageClassName: 'fast', resources: { requests: { storage: '2Gi' } } },
    });
  }

  /** Runs one pass as the queue would. Returns the error that causes a retry. */
  async pass(owner: Replication): Promise<unknown> {
    const reconciler =
      this.#reconcilers[owner.kind === 'ReplicationSource' ? 'ReplicationSource' : 'ReplicationDestination'];
    // Seconds pass between passes, so that times in statuses differ.
    const context = { signal: new AbortController().signal, log: silentLogger, reconcileID: 'r' };
    this.now += 1000;
    return reconciler.reconcile(keyOf(owner), context).catch((error: unknown) => error);
  }

  source = (): ReplicationSource => must(this.kube.peek(replicationSources, key('rs')));
  destination = (): ReplicationDestination => must(this.kube.peek(replicationDestinations, key('rd')));
  job = (name = 'volsync-src-rs'): Job | undefined => this.kube.peek(jobs, key(name));

  setJobStatus(status: NonNullable<Job['status']>, name = 'volsync-src-rs'): void {
    this.kube.edit(jobs, key(name), (job) => {
      job.status = status;
    });
  }

  /** Creates an ended pod of the Job with these log lines. */
  seedPod(phase: 'Succeeded' | 'Failed', lines: string[], name = 'volsync-src-rs'): void {
    this.kube.seed(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...named(`${name}-x`), labels: { 'job-name': name } },
      spec: { containers: [{ name: 'restic' }] },
      status: { phase },
    });
    this.kube.setPodLog(key(`${name}-x`), lines);
  }
}

const key = (name: string) => ({ namespace: NAMESPACE, name });
const named = key;

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there');
  return value;
}

/** Rejects changes of a Job's template, which is immutable, as the API server does. */
function refuseChangedTemplates<T>(kind: { kind: string }, object: T, before: unknown): T {
  const template = (job: unknown): string =>
    JSON.stringify((job as { spec?: { template?: unknown } } | undefined)?.spec?.template);
  if (kind.kind === 'Job' && before !== undefined && template(before) !== template(object)) {
    throw KubeError.fromResponse({
      code: 422,
      body: JSON.stringify({ kind: 'Status', code: 422, reason: 'Invalid', message: 'field is immutable' }),
    });
  }
  return object;
}

function newSource(rig: Rig, over: Partial<ReplicationSource['spec'] & object> = {}): ReplicationSource {
  return rig.kube.seed(replicationSources, {
    apiVersion: 'volsync.backube/v1alpha1',
    kind: 'ReplicationSource',
    metadata: named('rs'),
    spec: {
      sourcePVC: 'data',
      trigger: { manual: 'one' },
      restic: { copyMethod: 'Direct', repository: 'repo' },
      ...over,
    },
  });
}

function newDestination(
  rig: Rig,
  restic: NonNullable<NonNullable<ReplicationDestination['spec']>['restic']>,
): ReplicationDestination {
  return rig.kube.seed(replicationDestinations, {
    apiVersion: 'volsync.backube/v1alpha1',
    kind: 'ReplicationDestination',
    metadata: named('rd'),
    spec: { trigger: { manual: 'one' }, restic: { repository: 'repo', ...restic } },
  });
}

const reasonOf = (owner: Replication) => owner.status?.conditions?.[0]?.reason;

function readySource(over: Partial<ReplicationSource['spec'] & object> = {}) {
  const rig = new Rig();
  rig.seedSecret();
  rig.seedClaim('data');
  return { rig, rs: newSource(rig, over) };
}

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

  it('makes anew what goes with it while it is being deleted, unless it has become external', async () => {
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

  it('makes a failed Job anew after eight failures and never ends', async () => {
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

  it('says what is missing, with the cache and the account already there, and goes on when it comes', async () => {
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

  it('makes the Job anew when its template changes in the middle of a sync', async () => {
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

  it('unlocks and prunes when asked, and notes both when the Job succeeded', async () => {
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

  it('copies through a snapshot, which goes after the tag is reported', async () => {
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

  it('holds a copy until the trigger on the source PVC changes', async () => {
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

describe('a destination', () => {
  async function restored(restic: Parameters<typeof newDestination>[1]) {
    const rig = new Rig();
    rig.seedSecret();
    rig.seedClaim('data');
    const rd = newDestination(rig, restic);
    for (let pass = 0; pass < 2; pass++) await rig.pass(rd);
    rig.setJobStatus({ succeeded: 1 }, 'volsync-dst-rd');
    return { rig, rd };
  }

  it('names the claim as its image with copy method Direct', async () => {
    const { rig, rd } = await restored({ copyMethod: 'Direct', destinationPVC: 'data' });
    await rig.pass(rd);
    expect(rig.destination().status).toMatchObject({
      lastManualSync: 'one',
      latestImage: { apiGroup: '', kind: 'PersistentVolumeClaim', name: 'data' },
    });
    expect(rig.destination().status?.restic).toBeUndefined();
  });

  it('is Successful before its snapshot is bound, and done only after', async () => {
    const { rig, rd } = await restored({ copyMethod: 'Snapshot', destinationPVC: 'data' });
    await rig.pass(rd);
    expect(rig.destination().status).toMatchObject({ latestMoverStatus: { result: 'Successful' } });
    expect(reasonOf(rig.destination())).toBe('SyncInProgress');
    expect(rig.destination().status?.latestImage).toBeUndefined();
    const image = must(rig.kube.peekAll(volumeSnapshots)[0]).metadata.name;
    expect(image).toMatch(/^data-\d{14}$/);
    rig.kube.edit(volumeSnapshots, key(image), (snapshot) => {
      snapshot.status = { boundVolumeSnapshotContentName: 'c' };
    });
    await rig.pass(rd);
    expect(rig.destination().status).toMatchObject({ lastManualSync: 'one', latestImage: { name: image } });
    await rig.pass(rd);
    const claim = rig.kube.peek(persistentVolumeClaims, key('data'));
    expect(claim?.metadata.annotations?.['volsync.backube/snapname']).toBeUndefined();
    expect(rig.kube.peek(volumeSnapshots, key(image))).toBeDefined();
  });

  it('replaces its image at the next sync, but never one that is to be kept', async () => {
    const { rig, rd } = await restored({ copyMethod: 'Snapshot', destinationPVC: 'data' });
    const bindAll = () => {
      for (const snapshot of rig.kube.peekAll(volumeSnapshots)) {
        rig.kube.edit(volumeSnapshots, keyOf(snapshot), (object) => {
          object.status = { boundVolumeSnapshotContentName: 'c' };
        });
      }
    };
    const sync = async (tag: string) => {
      rig.kube.edit(replicationDestinations, key('rd'), (object) => {
        object.spec = { ...object.spec, trigger: { manual: tag } };
      });
      for (let pass = 0; pass < 3; pass++) await rig.pass(rd);
      if (rig.job('volsync-dst-rd') !== undefined) rig.setJobStatus({ succeeded: 1 }, 'volsync-dst-rd');
      for (let pass = 0; pass < 3; pass++) {
        await rig.pass(rd);
        bindAll();
      }
      await rig.pass(rd);
      return must(rig.destination().status?.latestImage).name;
    };
    const first = await sync('one');
    const second = await sync('two');
    expect(second).not.toBe(first);
    expect(rig.kube.peek(volumeSnapshots, key(first))).toBeUndefined();
    rig.kube.edit(volumeSnapshots, key(second), ({ metadata }) => {
      metadata.labels = { ...metadata.labels, 'volsync.backube/do-not-delete': '' };
    });
    await sync('three');
    const kept = must(rig.kube.peek(volumeSnapshots, key(second)));
    expect(kept.metadata.ownerReferences ?? []).toEqual([]);
    expect(kept.metadata.labels).toEqual({ 'volsync.backube/do-not-delete': '' });
  });

  it.each([
    ['Clone', 'unsupported copyMethod: Clone -- must be Direct, None, or Snapshot'],
    [undefined, 'unsupported copyMethod:  -- must be Direct, None, or Snapshot'],
  ])('with copy method %p runs the restore and then fails for ever', async (copyMethod, message) => {
    const { rig, rd } = await restored({
      destinationPVC: 'data',
      ...(copyMethod === undefined ? {} : { copyMethod }),
    });
    expect(await rig.pass(rd)).toMatchObject({ message });
    expect(rig.destination().status).toMatchObject({ latestMoverStatus: { result: 'Successful' } });
    expect(rig.destination().status?.lastManualSync).toBeUndefined();
  });

  it('provisions a claim when none is named, and wants size and modes for it', async () => {
    const rig = new Rig();
    rig.seedSecret();
    const rd = newDestination(rig, { copyMethod: 'Direct', capacity: '1Gi' });
    await rig.pass(rd);
    expect(await rig.pass(rd)).toMatchObject({
      message: 'accessModes must be provided when destinationPVC is not',
    });
    rig.kube.edit(replicationDestinations, key('rd'), (object) => {
      object.spec = {
        restic: { ...object.spec?.restic, accessModes: ['ReadWriteOnce'], cleanupTempPVC: true },
      };
    });
    await rig.pass(rd);
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-rd-dest'))?.metadata.labels).toMatchObject({
      'volsync.backube/cleanup': rig.destination().metadata.uid,
    });
  });
});
