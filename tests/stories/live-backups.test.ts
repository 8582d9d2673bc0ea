import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
  type PersistentVolume,
} from '../../api/kubernetes/core.ts';
import { volumeSnapshotClasses, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { BackupStory } from './support/backup-story.ts';
import { running } from './support/running.ts';

const SOURCE = { namespace: APP, name: 'data' };

const LIMITS = { backups: 10, restores: 10, deletes: 2, prunes: 1, backupsPerNode: 10, restoresPerNode: 10 };

let harness: BackupStory;

beforeEach(async () => {
  harness = new BackupStory();
  capture('Live');
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

function capture(mode: DataMoverClass['spec']['capture'], more: Partial<DataMoverClass['spec']> = {}): void {
  harness.addClass((object) => Object.assign(object.spec, { capture: mode, ...more }));
}

const volumeName = (): string => harness.kube.peek(persistentVolumeClaims, SOURCE)?.spec.volumeName ?? '';
const volume = (): PersistentVolume | undefined =>
  harness.kube.peek(persistentVolumes, { name: volumeName() });
const alias = (): PersistentVolume | undefined =>
  harness.kube.peek(persistentVolumes, { name: harness.child });
const transfer = () =>
  harness.kube.peek(replicationSources, { namespace: 'velero', name: harness.child })?.spec.restic;

/** Returns what our controllers wrote to objects of a kind. */
const writesOf = (kind: Kind<Resource>): string[] =>
  harness.kube
    .writeCalls()
    .filter((call) => call.kind.kind === kind.kind)
    .map(({ verb, key }) => `${verb} ${key?.name ?? ''}`);

function editVolume(change: (spec: PersistentVolume['spec']) => void): void {
  harness.kube.edit(persistentVolumes, { name: volumeName() }, ({ spec }) => change(spec));
}

/** Puts the volume on the host's disk, as on machines without a CSI driver. */
function onHostPath(): void {
  editVolume((spec) => (spec['hostPath'] = { path: '/srv/data', type: 'Directory' }));
}

function addPod(name: string, nodeName: string, phase: 'Running' | 'Succeeded' = 'Running'): void {
  harness.kube.seed(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: APP, name },
    spec: {
      nodeName,
      containers: [{ name: 'app' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
    status: { phase },
  });
}

describe('a live backup', () => {
  it('reads the volume itself, records the consistency Live, and leaves nothing behind', async () => {
    const source = structuredClone(volume());
    await harness.begin();
    expect(await harness.end()).toMatchObject({
      phase: 'Completed',
      capture: { consistency: 'Live', persistentVolume: volumeName(), owned: false },
      result: { consistency: 'Live', snapshotID: expect.any(String) },
    });
    const [repository] = harness.cluster.state.repositories.values();
    expect(repository?.snapshots).toEqual([expect.objectContaining({ content: 'precious' })]);
    expect(harness.inventory()).toEqual(harness.before);
    expect(volume()).toEqual(source);
    expect(harness.read(SOURCE)).toBe('precious');
    expect(writesOf(volumeSnapshots)).toEqual([]);
  });

  it('is captured at once, before it has a place', async () => {
    capture('Live', { limits: { ...LIMITS, backups: 1 } });
    harness.cluster.state.script = running;
    await harness.addSource('other', 'x');
    await harness.start();
    harness.addBackup('first', (backup) => (backup.spec.dataSourceRef.name = 'other'));
    await harness.until(() => harness.backup('first')?.status?.phase === 'Moving');
    harness.before = harness.inventory();
    harness.child = childName('backup', harness.addBackup('b1').metadata.uid ?? '');
    await harness.reach('Queued');
    expect(harness.backup()?.status?.capture?.consistency).toBe('Live');
    // It owns nothing, not even a snapshot.
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('shows the volume under another name that owns nothing of it', async () => {
    onHostPath();
    addPod('app', 'node-7');
    editVolume((spec) => {
      spec.nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [] }] } };
      spec['mountOptions'] = ['noatime'];
    });
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    const { hostPath, csi, capacity, nodeAffinity, mountOptions } = volume()!.spec;
    expect(alias()?.spec).toEqual({
      hostPath,
      csi,
      capacity,
      nodeAffinity,
      mountOptions,
      volumeMode: 'Filesystem',
      accessModes: ['ReadOnlyMany'],
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: expect.objectContaining({ namespace: 'velero', name: harness.child }),
    });
    expect(Object.keys(alias()?.metadata.annotations ?? {})).not.toContain('pv.kubernetes.io/provisioned-by');
    const claim = harness.kube.peek(persistentVolumeClaims, { namespace: 'velero', name: harness.child });
    expect(claim?.spec).toMatchObject({
      accessModes: ['ReadOnlyMany'],
      storageClassName: '',
      volumeName: harness.child,
    });
  });

  it.each(['canceled', 'deleted', 'failed'])('that is %s takes down the other name only', async (how) => {
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    const key = { namespace: APP, name: 'b1' };
    if (how === 'canceled') harness.kube.edit(dataMoverBackups, key, (backup) => (backup.spec.cancel = true));
    if (how === 'deleted') await harness.kube.client().delete(dataMoverBackups, key);
    if (how === 'failed')
      harness.cluster.endRun(harness.child, { end: 'failed', lines: ['Fatal: incorrect password'] });
    await harness.until(
      () => harness.backup() === undefined || harness.backup()?.status?.completionTimestamp !== undefined,
    );
    await harness.advance(3_000);
    expect(harness.inventory()).toEqual(harness.before);
    expect(harness.read(SOURCE)).toBe('precious');
    const ofVolumes = writesOf(persistentVolumes);
    expect(ofVolumes).toEqual(expect.arrayContaining([`create ${harness.child}`, `delete ${harness.child}`]));
    expect(ofVolumes.filter((write) => write.endsWith(` ${volumeName()}`))).toEqual([]);
  });

  it.each([
    [
      'deleted',
      async () => {
        harness.kube.remove(persistentVolumeClaims, SOURCE);
        await harness.quiesce();
      },
    ],
    [
      'deleted and made again',
      async () => {
        harness.kube.remove(persistentVolumeClaims, SOURCE);
        await harness.quiesce();
        harness.addClaim('data');
      },
    ],
  ])('whose claim was %s during the transfer fails, although the mover succeeds', async (_, lose) => {
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    await lose();
    harness.cluster.endRun(harness.child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    const { phase, failure, result } = await harness.end();
    expect({ phase, reason: failure?.reason, result }).toEqual({ phase: 'Failed', reason: 'SourceNotFound' });
    expect(failure?.message).toContain('app/data was deleted while its volume was read');
    expect(alias()).toBeUndefined();
  });

  it('whose claim is deleted fails while the mover still reads', async () => {
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    harness.kube.remove(persistentVolumeClaims, SOURCE);
    expect(await harness.end()).toMatchObject({ phase: 'Failed', failure: { reason: 'SourceNotFound' } });
    expect(alias()).toBeUndefined();
  });

  it('whose claim was deleted while it waited for its place fails', async () => {
    harness.cluster.hold('bind');
    await harness.begin();
    await harness.reach('Staging');
    harness.kube.remove(persistentVolumeClaims, SOURCE);
    harness.kube.remove(persistentVolumeClaims, { namespace: 'velero', name: harness.child });
    const { phase, failure } = await harness.end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'SourceNotFound' });
  });

  it("of a claim that refers to another claim's volume is rejected", async () => {
    // Until Kubernetes has processed the change, the claim is still Bound.
    harness.cluster.hold('bind');
    editVolume((spec) => (spec.claimRef = { ...spec.claimRef, uid: 'of-another-claim' }));
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure).toMatchObject({
      reason: 'SourceNotBound',
      message: expect.stringContaining('does not belong to PersistentVolumeClaim app/data'),
    });
    expect(alias()).toBeUndefined();
  });

  it('of a claim for one pod only is refused', async () => {
    harness.kube.edit(
      persistentVolumeClaims,
      SOURCE,
      ({ spec }) => (spec.accessModes = ['ReadWriteOncePod']),
    );
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure).toMatchObject({
      reason: 'SnapshotNotSupported',
      message: expect.stringContaining('app/data has the access mode ReadWriteOncePod'),
    });
  });

  it('of a block volume is refused', async () => {
    harness.kube.edit(persistentVolumeClaims, SOURCE, ({ spec }) => (spec.volumeMode = 'Block'));
    await harness.begin();
    expect((await harness.end()).failure).toMatchObject({
      reason: 'UnsupportedVolumeMode',
      message: expect.stringContaining('volumeMode Block, which mover VolSync cannot move'),
    });
  });

  it('creates its cache in a StorageClass that can provision volumes', async () => {
    harness.kube.edit(storageClasses, { name: 'fast' }, (object) => {
      object.provisioner = 'kubernetes.io/no-provisioner';
    });
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    expect(transfer()).not.toHaveProperty('cacheStorageClassName');
  });
});

describe('the node of a live backup', () => {
  const pinned = (name: string) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
      },
    },
  });

  beforeEach(() => {
    harness.cluster.state.script = running;
  });

  it('is that of the application', async () => {
    addPod('over', 'node-5', 'Succeeded');
    addPod('there', 'node-7');
    await harness.begin();
    await harness.reach('Moving');
    expect(transfer()?.moverAffinity).toEqual(pinned('node-7'));
    expect(harness.backup()?.status?.node).toBe('node-7');
  });

  it('is that of the application at the time of admission', async () => {
    capture('Live', { limits: { ...LIMITS, backups: 1 } });
    addPod('app', 'node-7');
    await harness.addSource('other', 'x');
    await harness.start();
    harness.addBackup('first', (backup) => (backup.spec.dataSourceRef.name = 'other'));
    await harness.until(() => harness.backup('first')?.status?.phase === 'Moving');
    harness.child = childName('backup', harness.addBackup('b1').metadata.uid ?? '');
    await harness.reach('Queued');
    harness.kube.remove(pods, { namespace: APP, name: 'app' });
    addPod('app', 'node-8');
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'first' }, (one) => (one.spec.cancel = true));
    await harness.reach('Moving');
    expect(transfer()?.moverAffinity).toEqual(pinned('node-8'));
  });

  it('may be any for a volume that many nodes can mount', async () => {
    addPod('app', 'node-7');
    editVolume((spec) => (spec.accessModes = ['ReadWriteMany']));
    harness.kube.seed(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-2' } });
    await harness.begin();
    await harness.reach('Moving');
    expect(transfer()).not.toHaveProperty('moverAffinity');
  });

  it('is the only one there is for a path on it that no pod uses', async () => {
    onHostPath();
    await harness.begin();
    await harness.reach('Moving');
    expect(transfer()?.moverAffinity).toEqual(pinned('node-1'));
  });

  it('is not guessed for a path that could be on several', async () => {
    onHostPath();
    harness.kube.seed(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-2' } });
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('SnapshotNotSupported');
    expect(failure?.message).toContain('no running pod uses PersistentVolumeClaim app/data');
  });
});

describe('a class that prefers snapshots', () => {
  beforeEach(() => capture('SnapshotOrLive'));

  it('takes a snapshot if the driver has a VolumeSnapshotClass', async () => {
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed', result: { consistency: 'PointInTime' } });
  });

  it('reads live if the driver has no VolumeSnapshotClass', async () => {
    harness.kube.remove(volumeSnapshotClasses, { name: 'snapshots' });
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed', result: { consistency: 'Live' } });
  });

  it('reads live what is no CSI volume', async () => {
    onHostPath();
    editVolume((spec) => delete spec.csi);
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    expect(harness.backup()?.status?.capture).toMatchObject({ consistency: 'Live' });
  });

  it('does not read live because it is not clear which snapshot class is meant', async () => {
    harness.kube.seed(volumeSnapshotClasses, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name: 'another' },
      driver: harness.cluster.state.driver,
      deletionPolicy: 'Delete',
    });
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('SnapshotNotSupported');
    expect(failure?.message).toContain('another, snapshots');
  });
});

describe('a class that does not allow live backups', () => {
  it.each([undefined, 'Snapshot' as const])('refuses what cannot be snapshotted (%s)', async (mode) => {
    harness.addClass((object) => Object.assign(object.spec, mode === undefined ? {} : { capture: mode }));
    harness.kube.remove(volumeSnapshotClasses, { name: 'snapshots' });
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('SnapshotNotSupported');
    expect(failure?.message).toContain('spec.capture');
  });
});
