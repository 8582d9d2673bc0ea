import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, secrets } from '../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Key } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP, BASE_URL } from '../fakes/cluster/controller-harness.ts';
import { BackupStory } from './support/backup-story.ts';

let harness: BackupStory;

beforeEach(async () => {
  harness = new BackupStory();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const decode = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString();

describe('a backup', () => {
  it('moves the data, records what it did and leaves nothing behind', async () => {
    await harness.begin();
    const status = await harness.end();
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
      capture: { consistency: 'PointInTime', owned: true, volumeSnapshot: harness.child },
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
    expect(harness.inventory()).toEqual(harness.before);
    expect(harness.backup()?.metadata.finalizers).toEqual([]);
  });

  it('creates exactly the expected objects, with names and labels from the request', async () => {
    const snapshots = harness.created(volumeSnapshots);
    const contents = harness.created(volumeSnapshotContents);
    const claims = harness.created(persistentVolumeClaims);
    const derived = harness.created(secrets);
    const sources = harness.created(replicationSources);
    await harness.begin();
    await harness.end();
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
          name: harness.child,
          labels: { ...mine.labels, 'velero.io/exclude-from-backup': 'true' } as Record<string, string>,
          ownerReferences: [
            { apiVersion: 'oadp.openshift.io/v1alpha1', kind: 'DataMoverBackup', name: 'b1', uid: uid! },
          ],
        },
        spec: { volumeSnapshotClassName: 'snapshots', source: { persistentVolumeClaimName: 'data' } },
      },
      {
        metadata: { namespace: 'velero', name: harness.child, ...(mine as object) },
        spec: { source: { volumeSnapshotContentName: harness.child } },
      },
    ]);
    const taken = `snapshot-of-${snapshots[0]?.metadata.uid ?? ''}`;
    expect(contents.find(({ metadata }) => metadata.name === harness.child)).toMatchObject({
      metadata: { name: harness.child, ...(mine as object) },
      spec: {
        deletionPolicy: 'Retain',
        driver: 'csi.example.com',
        source: { snapshotHandle: taken },
        sourceVolumeMode: 'Filesystem',
        volumeSnapshotRef: { kind: 'VolumeSnapshot', namespace: 'velero', name: harness.child },
      },
    });
    expect(claims.find(({ metadata }) => metadata.name === harness.child)).toMatchObject({
      metadata: { namespace: 'velero', name: harness.child, ...(mine as object) },
      spec: {
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        storageClassName: 'fast',
        resources: { requests: { storage: '2Gi' } },
        dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: harness.child },
      },
    });
    expect(derived).toHaveLength(1);
    expect(derived[0]).toMatchObject({
      metadata: { namespace: 'velero', name: harness.child, ...mine },
      immutable: true,
    });
    expect(decode(derived[0]?.data?.['RESTIC_REPOSITORY'])).toBe(`${BASE_URL}/c1/app/data`);
    expect(sources).toMatchObject([
      {
        metadata: { namespace: 'velero', name: harness.child, ...(mine as object) },
        spec: {
          sourcePVC: harness.child,
          trigger: { manual: harness.child },
          restic: {
            repository: harness.child,
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
    await harness.begin((backup) => {
      backup.metadata.annotations = { 'oadp.openshift.io/velero-backup': 'nightly' };
      backup.metadata.labels = { 'velero.io/backup-uid': 'uid-of-nightly' };
    });
    await harness.end();
    const told = harness.reports.map(({ reason, targets }) => [
      reason,
      targets.map(({ kind, name }) => `${kind} ${name}`),
    ]);
    const snapshot = `VolumeSnapshot ${harness.child}`;
    const data = ['PersistentVolumeClaim data', snapshot];
    expect(told).toEqual([
      ['DataCaptured', ['DataMoverBackup b1', snapshot]],
      ['DataMoverStarted', ['DataMoverBackup b1', snapshot]],
      ['DataMoverCompleted', ['DataMoverBackup b1', ...data, 'Backup nightly']],
    ]);
  });

  it('names the snapshot in its events by its uid, by which kubectl describe looks for them', async () => {
    const snapshots = harness.created(volumeSnapshots);
    await harness.begin();
    await harness.end();
    const uid = snapshots.find(({ metadata }) => metadata.namespace === APP)?.metadata.uid;
    expect(uid).toEqual(expect.any(String));
    const named = harness.reports.flatMap(({ targets }) =>
      targets.filter(({ kind }) => kind === 'VolumeSnapshot').map((target) => target.uid),
    );
    expect(named).toEqual([uid, uid, uid]);
  });

  it('that is canceled sends an Event for its snapshot too', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.until(() => harness.backup()?.status?.movingSince !== undefined);
    harness.kube.edit(
      dataMoverBackups,
      { namespace: APP, name: 'b1' },
      (backup) => (backup.spec.cancel = true),
    );
    await harness.end();
    const over = harness.reports.find(({ reason }) => reason === 'DataMoverCanceled');
    expect(over?.targets.map(({ kind, name }) => `${kind} ${name}`)).toContain(
      `VolumeSnapshot ${harness.child}`,
    );
  });

  it('is quiet once it is over: no writes, and no reads that are about it', async () => {
    await harness.begin();
    await harness.end();
    // Until the status of its class no longer lists the request.
    await harness.advance(15_000);
    const calls = harness.kube.calls.length;
    await harness.advance(3_600_000, 60_000);
    // The class is validated once a minute; that writes nothing while the class is valid.
    const later = harness.kube.calls.slice(calls).map(({ verb, kind }) => `${verb} ${kind.kind}`);
    expect([...new Set(later)].sort()).toEqual(['get Secret', 'list Lease', 'list ReplicationSource']);
  });

  it('adds to the repository of the former backup of that volume', async () => {
    await harness.begin();
    await harness.end();
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
    await harness.begin();
    await harness.until(() => harness.backup()?.status?.progress !== undefined);
    expect(harness.backup()?.status).toMatchObject({
      phase: 'Moving',
      progress: { bytesDone: 1024, totalBytes: 2048, filesDone: 12, totalFiles: 56 },
    });
    harness.cluster.endRun(harness.child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await harness.end()).toMatchObject({ phase: 'Completed', result: { snapshotID: '0123abcd' } });
  });

  it('works on storage that waits for the first consumer', async () => {
    harness.addStorageClass('fast', { volumeBindingMode: 'WaitForFirstConsumer' });
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('leaves no volume behind on storage that keeps released volumes', async () => {
    harness.addStorageClass('fast', { reclaimPolicy: 'Retain' });
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('records an empty volume as empty, without a snapshot', async () => {
    harness.write({ namespace: APP, name: 'data' }, '');
    await harness.begin();
    const { phase, result, message } = await harness.end();
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
    expect(harness.inventory()).toEqual(harness.before);
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
      harness.before = harness.inventory();
      harness.addBackup('b1', (backup) => {
        backup.spec.dataSourceRef.name = 'new';
      });
      await harness.until(() => harness.backup()?.status?.capture !== undefined);
      harness.kube.restart();
      expect(await harness.end()).toMatchObject({ phase: 'Completed', volume: { pvcName: 'new' } });
      expect(harness.inventory()).toEqual(harness.before);
    },
  );
});

describe("VolSync's word of success", () => {
  it('is no success when no log names a snapshot', async () => {
    harness.cluster.state.script = () => ({ end: 'succeeded', lines: ['=== Done ==='] });
    await harness.begin();
    const { phase, failure, result } = await harness.end();
    expect({ phase, result }).toEqual({ phase: 'Failed', result: undefined });
    expect(failure).toMatchObject({ reason: 'MoverFailed' });
    expect(failure?.message).toContain('names no snapshot');
    expect(harness.inventory()).toEqual(harness.before);
  });

  it("is accepted if only the pod's log contains the snapshot ID", async () => {
    harness.cluster.state.losesLogs = true;
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });

  it("is accepted if only VolSync's copy of the log contains the snapshot ID", async () => {
    harness.cluster.podLogFault = ofVolSync({ code: 403, reason: 'Forbidden', message: 'no logs for you' });
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });
});

describe('a log that cannot be read', () => {
  it('is requested again a few times only, with growing delays', async () => {
    harness.cluster.podLogFault = ofVolSync({ code: 500, reason: 'InternalError', message: 'no kubelet' });
    harness.cluster.state.script = () => ({ end: 'running', lines: ['Starting container'] });
    await harness.begin();
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
    await harness.begin();
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
