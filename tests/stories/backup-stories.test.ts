import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, secrets } from '../../api/kubernetes/core.ts';
import {
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshotContent,
} from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP, BASE_URL, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;
let child: string;
/** The objects before the backup; exactly these must exist after it. */
let before: string[];

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

/** Starts the controller and a backup, without waiting. */
async function begin(change?: (backup: DataMoverBackup) => void): Promise<void> {
  before = harness.inventory();
  await harness.start();
  child = childName('backup', harness.addBackup('b1', change).metadata.uid ?? '');
}

async function end(limitMs?: number) {
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined, limitMs);
  await harness.quiesce();
  return harness.backup()!.status!;
}

/** Returns the objects of a kind as they were created. */
function created<T extends Resource>(kind: Kind<T>): T[] {
  const objects: T[] = [];
  harness.kube.reactors.add((changed, old, object) => {
    if (changed === (kind as Kind<Resource>) && old === undefined) objects.push(object as T);
  });
  return objects;
}

const decode = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString();

describe('a backup', () => {
  it('moves the data, records what it did and leaves nothing behind', async () => {
    await begin();
    const status = await end();
    expect(status).toMatchObject({
      phase: 'Completed',
      dataMoverClass: 'volsync',
      mover: 'VolSync',
      observedGeneration: 1,
      repositoryPath: 'c1/app/data',
      volume: {
        pvcName: 'data',
        namespace: APP,
        storageClassName: 'fast',
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        capacity: '2Gi',
        reclaimPolicy: 'Delete',
      },
      capture: { consistency: 'PointInTime', owned: true, volumeSnapshot: child },
      progress: { bytesDone: 8, totalBytes: 8 },
      result: { mover: 'VolSync', repository: 'c1/app/data', bytes: 8, files: 3, uploadedBytes: 1536 },
    });
    expect(new Set(status.conditions?.map(({ observedGeneration }) => observedGeneration))).toEqual(
      new Set([1]),
    );
    expect(status.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      'Captured=True',
      'Admitted=True',
      'Staged=True',
      'Moved=True',
      'Ready=True',
      'CleanedUp=True',
    ]);
    const repository = harness.cluster.state.repositories.get(`${BASE_URL}/c1/app/data`);
    expect(repository?.snapshots).toMatchObject([{ id: status.result?.snapshotID, content: 'precious' }]);
    expect(harness.inventory()).toEqual(before);
    expect(harness.backup()?.metadata.finalizers).toEqual([]);
  });

  it('creates exactly the expected objects, with names and labels from the request', async () => {
    const snapshots = created(volumeSnapshots);
    const contents = created(volumeSnapshotContents);
    const claims = created(persistentVolumeClaims);
    const derived = created(secrets);
    const sources = created(replicationSources);
    await begin();
    await end();
    const { uid } = harness.backup()!.metadata;
    const mine = {
      labels: {
        'app.kubernetes.io/managed-by': 'velero-datamover',
        'oadp.openshift.io/request-kind': 'backup',
        'oadp.openshift.io/request-uid': uid,
      },
      annotations: {
        'oadp.openshift.io/request': 'app/b1',
        'oadp.openshift.io/traceparent': expect.stringMatching(/^00-/),
      },
    };
    expect(snapshots).toMatchObject([
      {
        metadata: {
          namespace: APP,
          name: child,
          labels: { ...mine.labels, 'velero.io/exclude-from-backup': 'true' } as Record<string, string>,
          ownerReferences: [
            { apiVersion: 'oadp.openshift.io/v1alpha1', kind: 'DataMoverBackup', name: 'b1', uid: uid! },
          ],
        },
        spec: { volumeSnapshotClassName: 'snapshots', source: { persistentVolumeClaimName: 'data' } },
      },
      {
        metadata: { namespace: 'velero', name: child, ...(mine as object) },
        spec: { source: { volumeSnapshotContentName: child } },
      },
    ]);
    const taken = `snapshot-of-${snapshots[0]?.metadata.uid ?? ''}`;
    expect(contents.find(({ metadata }) => metadata.name === child)).toMatchObject({
      metadata: { name: child, ...(mine as object) },
      spec: {
        deletionPolicy: 'Retain',
        driver: 'csi.example.com',
        source: { snapshotHandle: taken },
        sourceVolumeMode: 'Filesystem',
        volumeSnapshotRef: { kind: 'VolumeSnapshot', namespace: 'velero', name: child },
      },
    });
    expect(claims.find(({ metadata }) => metadata.name === child)).toMatchObject({
      metadata: { namespace: 'velero', name: child, ...(mine as object) },
      spec: {
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        storageClassName: 'fast',
        resources: { requests: { storage: '2Gi' } },
        dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: child },
      },
    });
    expect(derived).toHaveLength(1);
    expect(derived[0]).toMatchObject({
      metadata: { namespace: 'velero', name: child, ...mine },
      immutable: true,
    });
    expect(decode(derived[0]?.data?.['RESTIC_REPOSITORY'])).toBe(`${BASE_URL}/c1/app/data`);
    expect(sources).toMatchObject([
      {
        metadata: { namespace: 'velero', name: child, ...(mine as object) },
        spec: {
          sourcePVC: child,
          trigger: { manual: child },
          restic: {
            repository: child,
            copyMethod: 'Direct',
            cacheCapacity: '1Gi',
            cacheAccessModes: ['ReadWriteOnce'],
            cacheStorageClassName: 'fast',
            pruneIntervalDays: 3650,
            retain: { last: '2147483647' },
          },
        },
      },
    ]);
  });

  it('sends Events for itself, its snapshot, its claim and the Velero Backup', async () => {
    await begin((backup) => {
      backup.metadata.annotations = { 'oadp.openshift.io/velero-backup': 'nightly' };
      backup.metadata.labels = { 'velero.io/backup-uid': 'uid-of-nightly' };
    });
    await end();
    const told = harness.reports.map(({ reason, targets }) => [
      reason,
      targets.map(({ kind, name }) => `${kind} ${name}`),
    ]);
    const snapshot = `VolumeSnapshot ${child}`;
    const data = ['PersistentVolumeClaim data', snapshot];
    expect(told).toEqual([
      ['DataCaptured', ['DataMoverBackup b1', snapshot]],
      ['DataMoverStarted', ['DataMoverBackup b1', snapshot]],
      ['DataMoverCompleted', ['DataMoverBackup b1', ...data, 'Backup nightly']],
    ]);
  });

  it('names the snapshot in its events by its uid, by which kubectl describe looks for them', async () => {
    const snapshots = created(volumeSnapshots);
    await begin();
    await end();
    const uid = snapshots.find(({ metadata }) => metadata.namespace === APP)?.metadata.uid;
    expect(uid).toEqual(expect.any(String));
    const named = harness.reports.flatMap(({ targets }) =>
      targets.filter(({ kind }) => kind === 'VolumeSnapshot').map((target) => target.uid),
    );
    expect(named).toEqual([uid, uid, uid]);
  });

  it('that is canceled sends an Event for its snapshot too', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await harness.until(() => harness.backup()?.status?.movingSince !== undefined);
    harness.kube.edit(
      dataMoverBackups,
      { namespace: APP, name: 'b1' },
      (backup) => (backup.spec.cancel = true),
    );
    await end();
    const over = harness.reports.find(({ reason }) => reason === 'DataMoverCanceled');
    expect(over?.targets.map(({ kind, name }) => `${kind} ${name}`)).toContain(`VolumeSnapshot ${child}`);
  });

  it('is quiet once it is over: no writes, and no reads that are about it', async () => {
    await begin();
    await end();
    // Until the status of its class no longer lists the request.
    await harness.advance(15_000);
    const calls = harness.kube.calls.length;
    await harness.advance(3_600_000, 60_000);
    // The class is validated once a minute; that writes nothing while the class is valid.
    const later = harness.kube.calls.slice(calls).map(({ verb, kind }) => `${verb} ${kind.kind}`);
    expect([...new Set(later)].sort()).toEqual(['get Secret', 'list Lease', 'list ReplicationSource']);
  });

  it('adds to the repository of the former backup of that volume', async () => {
    await begin();
    await end();
    harness.write({ namespace: APP, name: 'data' }, 'more precious');
    harness.addBackup('b2');
    await harness.until(() => harness.backup('b2')?.status?.phase === 'Completed');
    const [repository, ...others] = harness.cluster.state.repositories.values();
    expect(others).toEqual([]);
    expect(repository?.snapshots.map(({ content }) => content)).toEqual(['precious', 'more precious']);
  });

  it('follows the progress of the mover', async () => {
    harness.cluster.state.script = () => ({
      end: 'running',
      lines: ['[0:10] 41.02%  12 files 1.000 KiB, total 56 files 2.000 KiB, 0 errors'],
    });
    await begin();
    await harness.until(() => harness.backup()?.status?.progress !== undefined);
    expect(harness.backup()?.status).toMatchObject({
      phase: 'Moving',
      progress: { bytesDone: 1024, totalBytes: 2048, filesDone: 12, totalFiles: 56 },
    });
    harness.cluster.endRun(child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await end()).toMatchObject({ phase: 'Completed', result: { snapshotID: '0123abcd' } });
  });

  it('works on storage that waits for the first consumer', async () => {
    harness.addStorageClass('fast', { volumeBindingMode: 'WaitForFirstConsumer' });
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(harness.inventory()).toEqual(before);
  });

  it('leaves no volume behind on storage that keeps released volumes', async () => {
    harness.addStorageClass('fast', { reclaimPolicy: 'Retain' });
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(harness.inventory()).toEqual(before);
  });

  it('records an empty volume as empty, without a snapshot', async () => {
    harness.write({ namespace: APP, name: 'data' }, '');
    await begin();
    const { phase, result, message } = await end();
    expect({ phase, result }).toEqual({
      phase: 'Completed',
      result: {
        mover: 'VolSync',
        repository: 'c1/app/data',
        empty: true,
        bytes: 0,
        files: 0,
        consistency: 'PointInTime',
        rootFolder: { mode: '2770', uid: 999, gid: 999, time: '2026-01-01T00:00:00.000Z' },
      },
    });
    expect(message).toContain('empty');
    expect(harness.inventory()).toEqual(before);
  });
});

describe('a cache that lags behind', () => {
  it.each(['PersistentVolumeClaim', 'PersistentVolume'])(
    'for %s objects does not hide the source of a backup',
    async (kind) => {
      await harness.start();
      harness.kube.before = ({ verb, kind: { kind: asked } }) => {
        if ((verb === 'watch' || verb === 'list') && asked === kind)
          throw new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'not now' });
      };
      harness.kube.breakWatches();
      await harness.advance(3_000);
      await harness.addSource('new', 'brand new');
      before = harness.inventory();
      harness.addBackup('b1', (backup) => {
        backup.spec.dataSourceRef.name = 'new';
      });
      await harness.until(() => harness.backup()?.status?.capture !== undefined);
      harness.kube.restart();
      expect(await end()).toMatchObject({ phase: 'Completed', volume: { pvcName: 'new' } });
      expect(harness.inventory()).toEqual(before);
    },
  );
});

describe('a backup of an existing snapshot', () => {
  const snapshot = { namespace: APP, name: 'velero-data' };

  /** Creates a snapshot as Velero's CSI support does. */
  async function takeSnapshot(): Promise<VolumeSnapshotContent> {
    harness.kube.seed(volumeSnapshots, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: snapshot,
      spec: { volumeSnapshotClassName: 'snapshots', source: { persistentVolumeClaimName: 'data' } },
    });
    await harness.quiesce();
    return harness.kube.peekAll(volumeSnapshotContents)[0]!;
  }

  it.each(['VolumeSnapshot', 'VolumeSnapshotContent'] as const)(
    'uses the %s and leaves it as it was',
    async (kind) => {
      const content = await takeSnapshot();
      const snapshotBefore = harness.kube.peek(volumeSnapshots, snapshot);
      harness.write({ namespace: APP, name: 'data' }, 'written after the snapshot');
      const name = kind === 'VolumeSnapshot' ? snapshot.name : content.metadata.name;
      await begin((backup) => {
        backup.spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind, name };
      });
      expect(await end()).toMatchObject({
        phase: 'Completed',
        volume: { pvcName: 'data' },
        capture: { owned: false, volumeSnapshot: snapshot.name },
        repositoryPath: 'c1/app/data',
      });
      const [repository] = harness.cluster.state.repositories.values();
      expect(repository?.snapshots.map((one) => one.content)).toEqual(['precious']);
      expect(harness.inventory()).toEqual(before);
      expect(harness.kube.peek(volumeSnapshots, snapshot)).toEqual(snapshotBefore);
      expect(harness.kube.peek(volumeSnapshotContents, { name: content.metadata.name })).toEqual(content);
    },
  );

  it.each(['VolumeSnapshot', 'VolumeSnapshotContent'] as const)(
    'stages and records the restoreSize of the content, not of the VolumeSnapshot (source: %s)',
    async (kind) => {
      const content = await takeSnapshot();
      harness.kube.edit(volumeSnapshots, snapshot, (object) => {
        object.status = { ...object.status, restoreSize: '1e99999' };
      });
      harness.kube.edit(volumeSnapshotContents, { name: content.metadata.name }, (object) => {
        object.status = { ...object.status, restoreSize: 7 * 2 ** 30 };
      });
      const claims = created(persistentVolumeClaims);
      await begin((backup) => {
        const name = kind === 'VolumeSnapshot' ? snapshot.name : content.metadata.name;
        backup.spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind, name };
      });
      const size = '7516192768';
      expect((await end()).volume?.capacity).toBe(size);
      expect(claims[0]?.spec.resources).toEqual({ requests: { storage: size } });
    },
  );

  it('is not read through another content than the one that it is bound to', async () => {
    const content = await takeSnapshot();
    const { metadata, spec, status } = content;
    harness.kube.seed(volumeSnapshotContents, {
      ...content,
      metadata: { name: 'twin' },
      spec: { ...spec, source: { snapshotHandle: 'foreign' } },
      status: { ...status, snapshotHandle: 'foreign' },
    });
    await begin((backup) => {
      backup.spec.dataSourceRef = {
        apiGroup: 'snapshot.storage.k8s.io',
        kind: 'VolumeSnapshotContent',
        name: 'twin',
      };
    });
    expect((await end()).failure).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('VolumeSnapshotContent twin does not belong'),
    });
    expect(harness.kube.peek(volumeSnapshotContents, { name: metadata.name })).toEqual(content);
  });

  it('ends well although Velero, having given up waiting, takes snapshot and content out of the cluster', async () => {
    const content = await takeSnapshot();
    harness.cluster.hold('ready');
    await begin((backup) => {
      backup.spec.dataSourceRef = { kind: 'VolumeSnapshot', name: snapshot.name };
    });
    await harness.until(() => harness.kube.peekAll(volumeSnapshotContents).length === 2);
    harness.kube.edit(volumeSnapshotContents, { name: content.metadata.name }, (object) => {
      object.spec.deletionPolicy = 'Retain';
    });
    harness.kube.remove(volumeSnapshotContents, { name: content.metadata.name });
    harness.kube.remove(volumeSnapshots, snapshot);
    harness.cluster.release('ready');
    expect(await end()).toMatchObject({ phase: 'Completed' });
    const [repository] = harness.cluster.state.repositories.values();
    expect(repository?.snapshots.map((one) => one.content)).toEqual(['precious']);
    expect(harness.kube.peekAll(volumeSnapshotContents)).toEqual([]);
  });

  it('waits until it is cut', async () => {
    harness.cluster.hold('cut');
    await takeSnapshot();
    await begin((backup) => {
      backup.spec.dataSourceRef = { kind: 'VolumeSnapshot', name: snapshot.name };
    });
    await harness.advance(5_000);
    expect(harness.backup()?.status?.phase).toBe('Capturing');
    harness.cluster.release('cut');
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });

  it.each(['VolumeSnapshot', 'VolumeSnapshotContent'] as const)(
    'rejects a %s if the content refers to another VolumeSnapshot',
    async (kind) => {
      const content = await takeSnapshot();
      // A second snapshot that names the content of the first one, although the content does not refer to it.
      harness.kube.remove(volumeSnapshots, snapshot);
      harness.kube.seed(volumeSnapshots, {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        metadata: { ...snapshot, uid: 'a-twin' },
        spec: { source: { persistentVolumeClaimName: 'data' } },
        status: {
          boundVolumeSnapshotContentName: content.metadata.name,
          creationTime: new Date(harness.cluster.clock.now()).toISOString(),
          readyToUse: true,
        },
      });
      await begin((backup) => {
        const name = kind === 'VolumeSnapshot' ? snapshot.name : content.metadata.name;
        backup.spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind, name };
      });
      const { phase, failure } = await end();
      expect({ phase, reason: failure?.reason }).toEqual({
        phase: 'Failed',
        reason: kind === 'VolumeSnapshot' ? 'Forbidden' : 'SourceNotFound',
      });
      expect(harness.kube.peek(volumeSnapshotContents, { name: content.metadata.name })).toEqual(content);
    },
  );

  it('does not touch the snapshot of another namespace', async () => {
    const content = await takeSnapshot();
    harness.kube.edit(volumeSnapshotContents, { name: content.metadata.name }, (object) => {
      object.spec.volumeSnapshotRef.namespace = 'other';
    });
    await begin((backup) => {
      backup.spec.dataSourceRef = { kind: 'VolumeSnapshotContent', name: content.metadata.name };
    });
    expect(await end()).toMatchObject({ phase: 'Failed', failure: { reason: 'Forbidden' } });
    expect(harness.inventory()).toEqual(before);
  });

  it.each(['VolumeSnapshot', 'VolumeSnapshotContent'] as const)(
    'fails when there is no such %s',
    async (kind) => {
      await begin((backup) => {
        backup.spec.dataSourceRef = { kind, name: 'missing' };
      });
      const { failure } = await end();
      expect(failure?.reason).toBe('SourceNotFound');
      expect(failure?.message).toContain(`${kind} `);
      expect(failure?.message).toContain('missing does not exist');
    },
  );
});

describe('a snapshot that a tenant has created or changed under the name of a child', () => {
  it.each(['', 'another'])('is not used, nor the content that it claims: bound to "%s"', async (claims) => {
    const victim = harness.kube.seed(volumeSnapshotContents, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: { name: 'another' },
      spec: {
        deletionPolicy: 'Retain',
        driver: harness.cluster.state.driver,
        source: { snapshotHandle: 'precious' },
        volumeSnapshotRef: { namespace: 'other', name: 'precious', uid: 'other-uid' },
      },
      status: { snapshotHandle: 'precious', readyToUse: true },
    } satisfies VolumeSnapshotContent);
    harness.cluster.hold('cut');
    await begin();
    const child = { namespace: APP, name: childName('backup', harness.backup()?.metadata.uid ?? '') };
    await harness.until(() => harness.kube.peek(volumeSnapshots, child) !== undefined);
    harness.kube.edit(volumeSnapshots, child, (object) => {
      // By a user who may write them, which no role for tenants allows.
      if (claims === '') delete object.metadata.ownerReferences;
      object.status = {
        boundVolumeSnapshotContentName: 'another',
        creationTime: new Date(harness.cluster.clock.now()).toISOString(),
      };
    });
    expect(await end()).toMatchObject({
      phase: 'Failed',
      failure: { reason: claims === '' ? 'InvalidRequest' : 'Forbidden' },
    });
    expect(harness.kube.peek(volumeSnapshotContents, { name: 'another' })).toEqual(victim);
  });
});

describe("VolSync's word of success", () => {
  it('is no success when no log names a snapshot', async () => {
    harness.cluster.state.script = () => ({ end: 'succeeded', lines: ['=== Done ==='] });
    await begin();
    const { phase, failure, result } = await end();
    expect({ phase, result }).toEqual({ phase: 'Failed', result: undefined });
    expect(failure).toMatchObject({ reason: 'MoverFailed' });
    expect(failure?.message).toContain('names no snapshot');
    expect(harness.inventory()).toEqual(before);
  });

  it("is accepted if only the pod's log contains the snapshot ID", async () => {
    harness.cluster.state.losesLogs = true;
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });

  it("is accepted if only VolSync's copy of the log contains the snapshot ID", async () => {
    harness.cluster.podLogFault = ofVolSync({ code: 403, reason: 'Forbidden', message: 'no logs for you' });
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });
});

describe('a log that cannot be read', () => {
  it('is requested again a few times only, with growing delays', async () => {
    harness.cluster.podLogFault = ofVolSync({ code: 500, reason: 'InternalError', message: 'no kubelet' });
    harness.cluster.state.script = () => ({ end: 'running', lines: ['Starting container'] });
    await begin();
    await harness.until(() => harness.cluster.state.started.length > 0);
    harness.cluster.podLogCalls = 0;
    await harness.advance(1_000);
    expect(harness.cluster.podLogCalls).toBeLessThanOrEqual(2);
    await harness.advance(600_000, 5_000);
    expect(harness.cluster.podLogCalls).toBeLessThanOrEqual(10);
    expect(harness.backup()?.status?.phase).toBe('Moving');
  });

  it('is read after all when it comes back', async () => {
    harness.cluster.podLogFault = ofVolSync({ code: 500, reason: 'InternalError', message: 'no kubelet' });
    harness.cluster.state.script = () => ({
      end: 'running',
      lines: ['[0:10] 12 files 1.000 KiB, total 56 files 2.000 KiB, 0 errors'],
    });
    await begin();
    await harness.until(() => harness.cluster.state.started.length > 0);
    await harness.advance(1_000);
    expect(harness.backup()?.status?.progress).toBeUndefined();
    harness.cluster.podLogFault = undefined;
    await harness.advance(5_000);
    expect(harness.backup()?.status?.progress).toMatchObject({ bytesDone: 1024 });
  });
});

/** Returns a fault that affects only the logs of VolSync's pods. */
function ofVolSync(fault: ConstructorParameters<typeof KubeError>[0]): (key: Key) => KubeError | undefined {
  return ({ name }) => (name.startsWith('volsync-') ? new KubeError(fault) : undefined);
}
