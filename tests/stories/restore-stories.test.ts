import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { replicationDestinations } from '../../api/volsync/v1alpha1.ts';
import { backups, restores, type Backup, type Restore } from '../../api/velero/v1.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName, restoreName } from '../../api/datamover/v1alpha1/names.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const DESTINATION = { namespace: APP, name: 'restored' };

let harness: ControllerHarness;
let name: string;
let child: string;
/** The objects before the restore; exactly these must exist after it, plus the restored volume. */
let before: string[];
let source: NonNullable<DataMoverRestore['spec']['source']>;

beforeEach(() => {
  harness = new ControllerHarness();
  [source] = harness.addRepository('precious') as [typeof source];
});

afterEach(() => harness.stop());

interface Velero {
  restore?: Partial<Restore['spec']>;
  backup?: Partial<Backup['spec']>;
  phase?: string;
  namespace?: string;
}

/** Adds a Velero Restore that maps `shop` to this namespace, with the given changes. */
function addVelero({ restore, backup, phase = 'InProgress', namespace = 'velero' }: Velero = {}): void {
  harness.kube.seed(backups, {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { namespace, name: 'nightly' },
    spec: { ...backup },
  });
  harness.kube.seed(restores, {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { namespace, name: 'back', uid: RESTORE_UID },
    spec: { backupName: 'nightly', namespaceMapping: { shop: APP }, ...restore },
    status: { phase },
  });
}

const RESTORE_UID = '0a0a0a0a-1111-4222-8333-444444444444';

/** As the plugin creates it. */
const made = ({ metadata }: DataMoverRestore): void => {
  metadata.name = restoreName(RESTORE_UID, APP, 'restored');
  metadata.labels = { 'velero.io/restore-uid': RESTORE_UID };
  metadata.annotations = { 'oadp.openshift.io/velero-restore': 'back' };
};

async function begin(change: (restore: DataMoverRestore) => void = () => undefined): Promise<void> {
  await harness.quiesce();
  before = harness.inventory();
  await harness.start();
  const { metadata } = harness.addRestore('r1', (restore) => {
    restore.spec.source = source;
    change(restore);
  });
  name = metadata.name;
  child = childName('restore', metadata.uid ?? '');
}

async function reach(phase: string): Promise<void> {
  await harness.until(() => harness.restore()?.status?.phase === phase);
}

async function end(limitMs?: number) {
  await harness.until(() => harness.restore(name)?.status?.completionTimestamp !== undefined, limitMs);
  await harness.advance(3_000);
  return harness.restore(name)!.status!;
}

async function fails() {
  const { phase, failure } = await end();
  expect(phase).toBe('Failed');
  expect(harness.inventory()).toEqual(before);
  return failure!;
}

/** Returns the volume of the destination. */
function volume(): PersistentVolume | undefined {
  const name = harness.kube.peek(persistentVolumeClaims, DESTINATION)?.spec.volumeName;
  return name === undefined ? undefined : harness.kube.peek(persistentVolumes, { name });
}

function expectArrived(content: string): void {
  expect(harness.kube.peek(persistentVolumeClaims, DESTINATION)?.status?.phase).toBe('Bound');
  expect(harness.read(DESTINATION)).toBe(content);
  expect(volume()?.status?.phase).toBe('Bound');
  expect(volume()?.metadata.annotations).not.toHaveProperty(['oadp.openshift.io/hand-over']);
  expect(volume()?.metadata.labels).not.toHaveProperty(['oadp.openshift.io/request-uid']);
  const own = [
    `PersistentVolume ${volume()?.metadata.name ?? ''}`,
    `storage ${harness.handleOf(DESTINATION)}`,
  ];
  const destination = `PersistentVolumeClaim ${APP}/restored`;
  expect(harness.inventory()).toEqual([...new Set([...before, destination, ...own])].sort());
}

/** Changes the staging volume, like a driver that provisions something other than the claim requires. */
function editStagingVolume(change: (volume: PersistentVolume) => void): void {
  const staging = harness.kube.peek(persistentVolumeClaims, { namespace: 'velero', name: child });
  harness.kube.edit(persistentVolumes, { name: staging?.spec.volumeName ?? '' }, change);
}

const running = () => ({ end: 'running' as const, lines: ['Starting container'] });

describe('a restore', () => {
  beforeEach(() => harness.addDestination());

  it('brings the data into the claim and leaves nothing else behind', async () => {
    await begin();
    expect(await end()).toMatchObject({
      phase: 'Completed',
      repositoryPath: 'c1/app/data',
      restored: { snapshotID: 'abcdef01', bytes: 8, files: 3 },
      handOver: { persistentVolume: volume()?.metadata.name, reclaimPolicy: 'Delete' },
      progress: { bytesDone: 8, totalBytes: 8 },
    });
    expectArrived('precious');
    expect(volume()?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
    expect(harness.reports.map(({ reason }) => reason)).toEqual(['DataMoverStarted', 'DataMoverCompleted']);
  });

  it('hands the volume over in an order that protects it from deletion at every moment', async () => {
    await begin();
    await end();
    const { name: volumeName } = volume()!.metadata;
    const { uid } = harness.kube.peek(persistentVolumeClaims, DESTINATION)!.metadata;
    const writes = harness.kube
      .writeCalls()
      .filter(({ key }) => [volumeName, child, DESTINATION.name].includes(key?.name ?? ''))
      .filter(({ kind }) => ['PersistentVolume', 'PersistentVolumeClaim'].includes(kind.kind))
      .map(({ verb, kind, key, body }) => [verb, `${kind.kind} ${key?.name ?? ''}`, body]);
    const [made, hidden, secured, released, given, named, settled] = writes;
    expect(made).toMatchObject(['create', `PersistentVolumeClaim ${child}`, {}]);
    expect(hidden).toMatchObject([
      'mergePatch',
      `PersistentVolume ${volumeName}`,
      { metadata: { labels: { 'velero.io/exclude-from-backup': 'true' } } },
    ]);
    expect(secured).toMatchObject([
      'mergePatch',
      `PersistentVolume ${volumeName}`,
      {
        metadata: {
          annotations: { 'oadp.openshift.io/hand-over': expect.stringContaining('"reclaimPolicy":"Delete"') },
        },
        spec: { persistentVolumeReclaimPolicy: 'Retain' },
      },
    ]);
    expect(released).toMatchObject(['delete', `PersistentVolumeClaim ${child}`, undefined]);
    expect(given).toMatchObject([
      'mergePatch',
      `PersistentVolume ${volumeName}`,
      { metadata: { labels: { 'oadp.openshift.io/data-mover-restore': 'r1' } }, spec: { claimRef: { uid } } },
    ]);
    expect(named).toMatchObject(['mergePatch', 'PersistentVolumeClaim restored', { spec: { volumeName } }]);
    expect(settled).toMatchObject([
      'mergePatch',
      `PersistentVolume ${volumeName}`,
      {
        metadata: { labels: { 'velero.io/exclude-from-backup': null } },
        spec: { persistentVolumeReclaimPolicy: 'Delete' },
      },
    ]);
  });

  it('requests only the recorded snapshot from VolSync', async () => {
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    expect(harness.kube.peek(replicationDestinations, { namespace: 'velero', name: child })?.spec).toEqual({
      trigger: { manual: child },
      restic: {
        repository: child,
        copyMethod: 'Direct',
        moverPodLabels: { 'velero.io/exclude-from-backup': 'true' },
        destinationPVC: child,
        restoreAsOf: '2025-12-01T00:00:01Z',
        cacheCapacity: '1Gi',
        cacheAccessModes: ['ReadWriteOnce'],
        cacheStorageClassName: 'fast',
      },
    });
  });

  it.each([0, 1, 2])(
    'restores the contents of its backup if the repository contains several (%i)',
    async (index) => {
      const contents = ['first', 'second', 'third'];
      source = harness.addRepository(...contents)[index]!;
      await begin();
      await end();
      expectArrived(contents[index]!);
    },
  );

  it.each([
    ['Delete', 'Retain'],
    ['Retain', 'Delete'],
  ])('restores the reclaim policy %s on a StorageClass with reclaim policy %s', async (had, gives) => {
    harness.addStorageClass('fast', { reclaimPolicy: gives });
    source.volume!.reclaimPolicy = had;
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expectArrived('precious');
    expect(volume()?.spec.persistentVolumeReclaimPolicy).toBe(had);
  });

  it('restores the labels and annotations of the volume, except those that describe the old volume', async () => {
    const provisioned = { 'pv.kubernetes.io/provisioned-by': 'csi.example.com' };
    source.volume!.pvLabels = {
      tier: 'gold',
      'topology.kubernetes.io/zone': 'a',
      'oadp.openshift.io/data-mover-restore': 'an-earlier-one',
    };
    source.volume!.pvAnnotations = {
      'example.com/owner': 'shop',
      'pv.kubernetes.io/provisioned-by': 'another driver',
    };
    await begin();
    await end();
    expect(volume()?.metadata.labels).toEqual({ tier: 'gold', 'oadp.openshift.io/data-mover-restore': 'r1' });
    expect(volume()?.metadata.annotations).toEqual({ 'example.com/owner': 'shop', ...provisioned });
  });

  it('leaves what the storage has put on the volume', async () => {
    source.volume!.pvLabels = { tier: 'gold', array: 'one' };
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    editStagingVolume(({ metadata }) => {
      metadata.labels = { array: 'two' };
    });
    harness.cluster.release('volsync');
    await end();
    expect(volume()?.metadata.labels).toMatchObject({ tier: 'gold', array: 'two' });
  });

  it('creates a volume that is large enough for the claim and for the data', async () => {
    source.volume!.capacity = '5Gi';
    addVelero({ restore: { namespaceMapping: {} } });
    await begin(made);
    await end();
    expect(volume()?.spec.capacity).toEqual({ storage: '5Gi' });
  });

  it('works on storage that waits for the first consumer', async () => {
    harness.addStorageClass('fast', { volumeBindingMode: 'WaitForFirstConsumer' });
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expectArrived('precious');
  });

  it.each(['Immediate', 'WaitForFirstConsumer'] as const)(
    'of an empty volume brings an empty volume without a mover (%s)',
    async (volumeBindingMode) => {
      harness.addStorageClass('fast', { volumeBindingMode });
      source.result = { mover: 'VolSync', repository: 'c1/app/data', empty: true };
      await begin();
      expect(await end()).toMatchObject({ phase: 'Completed', restored: { empty: true } });
      expect(harness.cluster.state.started).toEqual([]);
      expectArrived('');
    },
  );

  /** As the plugin creates it, before Velero restores the record. */
  const withoutRecord = ({ metadata, spec }: DataMoverRestore): void => {
    delete spec.source;
    metadata.annotations = { 'oadp.openshift.io/data-mover-backup': `${APP}/b1` };
  };

  it('that Velero created waits until its record is set', async () => {
    await begin(withoutRecord);
    await harness.advance(60_000, 10_000);
    expect(harness.restore()?.status?.completionTimestamp).toBeUndefined();
    harness.kube.edit(dataMoverRestores, { namespace: APP, name: 'r1' }, (restore) => {
      restore.spec.source = source;
    });
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expectArrived('precious');
  });

  it('that Velero created fails if its record is never set', async () => {
    await begin(withoutRecord);
    expect(await end(1_000_000)).toMatchObject({ phase: 'Failed', failure: { reason: 'RecordMissing' } });
  });
});

describe('a destination', () => {
  it('may appear after the restore', async () => {
    await begin();
    await harness.advance(30_000, 10_000);
    harness.addDestination();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expectArrived('precious');
  });

  it('that never appears fails the restore', async () => {
    harness.setDeadlines({ destinationSeconds: 60 });
    await begin();
    const { reason, message } = await fails();
    expect(reason).toBe('DestinationNotFound');
    expect(message).toContain('app/restored did not appear within 60 s');
  });

  it('that is bound already is left alone', async () => {
    await harness.addSource('restored', 'live data');
    await begin();
    expect((await fails()).reason).toBe('DestinationBound');
    expect(harness.read(DESTINATION)).toBe('live data');
  });

  it('that is bound to another volume during the restore fails the restore', async () => {
    harness.addDestination();
    harness.cluster.state.script = running;
    await begin();
    await reach('Moving');
    harness.kube.edit(persistentVolumeClaims, DESTINATION, (claim) => {
      claim.spec.volumeName = 'another';
    });
    const { reason, message } = await fails();
    expect(reason).toBe('DestinationBound');
    expect(message).toContain('another');
  });

  it('of mode Block is refused', async () => {
    harness.addDestination('restored', (claim) => {
      claim.spec.volumeMode = 'Block';
    });
    await begin();
    expect((await fails()).reason).toBe('UnsupportedVolumeMode');
  });

  it.each<[string, string, (spec: PersistentVolumeClaim['spec']) => void]>([
    ['without a storage class', 'spec.storageClassName', (spec) => (spec.storageClassName = '')],
    ['that only reads', 'spec.accessModes', (spec) => (spec.accessModes = ['ReadOnlyMany'])],
  ])('%s is rejected before any object is created', async (_, field, change) => {
    harness.addDestination('restored', ({ spec }) => change(spec));
    await begin();
    const { reason, message } = await fails();
    expect(reason).toBe('DestinationMismatch');
    expect(message).toContain(`${field} of PersistentVolumeClaim app/restored`);
    expect(harness.kube.writeCalls().filter(({ verb }) => verb === 'create')).toEqual([]);
  });

  it.each<[string, (volume: PersistentVolume) => void]>([
    ['spec.accessModes', ({ spec }) => (spec.accessModes = ['ReadWriteMany'])],
    ['spec.storageClassName', ({ spec }) => (spec.storageClassName = 'slow')],
    ['spec.resources.requests.storage', ({ spec }) => (spec.capacity = { storage: '1Gi' })],
  ])('gets no volume that does not match its %s', async (field, change) => {
    harness.addDestination();
    harness.cluster.hold('volsync');
    await begin();
    await reach('Moving');
    editStagingVolume(change);
    harness.cluster.release('volsync');
    const { reason, message } = await fails();
    expect(reason).toBe('DestinationMismatch');
    expect(message).toContain('PersistentVolumeClaim app/restored cannot be filled: PersistentVolume pvc-');
    expect(message).toContain(field);
  });

  it.each([
    ['is smaller than the data', '1Gi', '2Gi'],
    ['is larger than the data', '7Gi', '7Gi'],
  ])(
    'that %s gets a volume that is large enough for both in a Velero Restore',
    async (_, storage, expected) => {
      harness.addDestination('restored', ({ spec }) => (spec.resources = { requests: { storage } }));
      addVelero({ restore: { namespaceMapping: {} } });
      await begin(made);
      expect(await end()).toMatchObject({ phase: 'Completed' });
      expectArrived('precious');
      expect(volume()?.spec.capacity).toEqual({ storage: expected });
    },
  );

  it('gets no volume that is larger than it requests because of a record that was set by hand', async () => {
    harness.addDestination();
    source.volume!.capacity = '100Ti';
    await begin();
    expect(await fails()).toEqual({
      reason: 'DestinationMismatch',
      message:
        'spec.source.volume.capacity is 100Ti, more than the 2Gi of PersistentVolumeClaim app/restored; set spec.resources.requests.storage of the claim to 100Ti or more, then restore again',
    });
  });

  it("gets nothing of a record that its volume's driver would obey", async () => {
    harness.addDestination();
    source.volume!.pvAnnotations = { 'csi.example.com/pool': 'gold', note: 'mine', constructor: 'x' };
    source.volume!.pvLabels = { 'csi.example.com/pool': 'gold', constructor: 'x' };
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(volume()?.metadata.annotations).toMatchObject({ note: 'mine', constructor: 'x' });
    expect(volume()?.metadata.annotations).not.toHaveProperty(['csi.example.com/pool']);
    expect(volume()?.metadata.labels).toEqual({
      constructor: 'x',
      'oadp.openshift.io/data-mover-restore': 'r1',
    });
  });

  it.each([
    ['Recycle', 'Delete'],
    ['Retain', 'Retain'],
  ])('gets the policy %s as %s', async (recorded, expected) => {
    harness.addDestination();
    source.volume!.reclaimPolicy = recorded;
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(volume()?.spec.persistentVolumeReclaimPolicy).toBe(expected);
  });

  it('of another StorageClass gets a volume of that class', async () => {
    harness.addStorageClass('slow');
    harness.addDestination('restored', ({ spec }) => (spec.storageClassName = 'slow'));
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expectArrived('precious');
    expect(volume()?.spec.storageClassName).toBe('slow');
  });

  it('with a selector gets a volume with the labels that the selector requires', async () => {
    source.volume!.pvLabels = { app: 'another' };
    harness.addDestination('restored', ({ spec }) => (spec.selector = { matchLabels: { app: 'shop' } }));
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expectArrived('precious');
    expect(volume()?.metadata.labels).toEqual({ app: 'shop' });
  });

  it('whose selector contains reserved labels gets its volume without them', async () => {
    source.volume!.reclaimPolicy = 'Retain';
    const reserved = {
      [labels.requestUid]: 'another-request',
      [labels.managedBy]: 'velero-datamover',
      'topology.kubernetes.io/zone': 'elsewhere',
      'velero.io/backup-name': 'daily',
      [`${harness.cluster.state.driver}/pool`]: 'gold',
    };
    harness.addDestination('restored', ({ spec }) => {
      spec.selector = { matchLabels: { app: 'shop', [labels.restoredBy]: 'r1', ...reserved } };
    });
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expectArrived('precious');
    expect(volume()?.metadata.labels).toEqual({ app: 'shop', [labels.restoredBy]: 'r1' });
    expect(volume()?.metadata.annotations ?? {}).not.toHaveProperty([annotations.handOver]);
  });

  it.each([
    ['pvLabels', { pvLabels: { 'a b': 'x' } }, 'spec.source.volume.pvLabels."a b" is not the key of a label'],
    ['pvLabels', { pvLabels: { a: 'b c' } }, 'spec.source.volume.pvLabels.a is not the value of a label'],
    [
      'pvAnnotations',
      { pvAnnotations: { 'a b': 'x' } },
      'spec.source.volume.pvAnnotations."a b" is not the key of an annotation',
    ],
    [
      'reclaimPolicy',
      { reclaimPolicy: 'Keep' },
      'spec.source.volume.reclaimPolicy is none of Delete, Retain and Recycle',
    ],
  ])('is left alone when the record has %s that no volume can get', async (_, wrong, message) => {
    Object.assign(source.volume!, wrong);
    harness.addDestination();
    harness.cluster.hasOldSchemas = true;
    await begin();
    expect(await fails()).toEqual({ reason: 'InvalidRequest', message });
    expect(harness.kube.peekAll(persistentVolumes)).toEqual([]);
  });

  it('waits for a quota of the protected namespace, reports it, and fails at the deadline', async () => {
    harness.setDeadlines({ stagingSeconds: 60 });
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: storage' });
    };
    harness.addDestination();
    await begin();
    await harness.advance(5_000);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Staging', message: 'exceeded quota: storage' });
    const { reason, message } = await fails();
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toContain('exceeded quota: storage');
  });

  it.each<[string, string, boolean]>([
    ['deleted', 'was deleted before it got its volume', false],
    ['deleted and created again', 'was deleted and created again', true],
  ])('that is %s while its data is moved fails the restore', async (_, text, again) => {
    harness.addDestination();
    harness.cluster.state.script = running;
    await begin();
    await reach('Moving');
    await harness.stop();
    harness.kube.remove(persistentVolumeClaims, DESTINATION);
    if (again) harness.addDestination();
    await harness.start();
    const { failure } = await end();
    expect(failure?.reason).toBe('DestinationNotFound');
    expect(failure?.message).toContain(`PersistentVolumeClaim app/restored ${text}`);
    expect(harness.inventory()).toEqual(before.filter((line) => again || !line.endsWith('app/restored')));
  });

  it('of another namespace is refused', async () => {
    await begin((restore) => {
      restore.spec.destinationClaimRef.namespace = 'other';
    });
    const { reason, message } = await fails();
    expect(reason).toBe('Forbidden');
    expect(message).toContain('spec.destinationClaimRef.namespace is other');
  });

  const standstills: [string, () => void][] = [
    ['before the staging claim has let go', () => harness.cluster.holdFor(child, 'release claims')],
    ['before it is bound', () => harness.cluster.holdFor('restored', 'bind')],
  ];
  /** Deletes the claim during the hand-over of its volume. */
  async function loseOnTheWay(standStill: () => void): Promise<void> {
    harness.addDestination();
    await begin();
    standStill();
    await harness.until(() => harness.restore()?.status?.handOver !== undefined);
    await harness.quiesce();
    harness.kube.remove(persistentVolumeClaims, DESTINATION);
  }

  it.each(standstills)('that is deleted %s fails the restore, and the volume is deleted', async (_, keep) => {
    await loseOnTheWay(keep);
    await harness.quiesce();
    harness.cluster.release('release claims', 'bind');
    const { phase, failure } = await end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'DestinationNotFound' });
    expect(harness.inventory()).toEqual(before.filter((line) => !line.endsWith('app/restored')));
  });

  it.each(standstills)('that is created again %s does not get the volume', async (_, keep) => {
    await loseOnTheWay(keep);
    harness.addDestination();
    await harness.quiesce();
    harness.cluster.release('release claims', 'bind');
    expect((await fails()).message).toContain('was deleted and created again');
  });

  it('that is bound and deleted while no controller runs leaves no volume behind', async () => {
    harness.addDestination();
    await begin();
    harness.cluster.holdFor('restored', 'bind');
    await harness.until(
      () => harness.kube.peek(persistentVolumeClaims, DESTINATION)?.spec.volumeName !== undefined,
    );
    await harness.stop();
    harness.cluster.release('bind');
    await harness.quiesce();
    // Storage is late to notice the deletion of the claim, so the volume still appears to be bound.
    harness.cluster.hold('reclaim', 'release volumes');
    harness.kube.remove(persistentVolumeClaims, DESTINATION);
    await harness.start();
    await harness.advance(5_000);
    harness.cluster.release('reclaim', 'release volumes');
    expect(await end()).toMatchObject({ phase: 'Failed', failure: { reason: 'DestinationNotFound' } });
    expect(harness.inventory()).toEqual(before.filter((line) => !line.endsWith('app/restored')));
  });
});

describe('a hand-over', () => {
  beforeEach(() => harness.addDestination());

  it('that has started is completed although the restore is canceled', async () => {
    await begin();
    harness.cluster.holdFor(child, 'release claims');
    await harness.until(() => harness.restore()?.status?.handOver !== undefined);
    harness.kube.edit(dataMoverRestores, { namespace: APP, name: 'r1' }, (restore) => {
      restore.spec.cancel = true;
    });
    await harness.advance(5_000);
    harness.cluster.release('release claims');
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expectArrived('precious');
  });

  it('that has started is completed although the restore is deleted', async () => {
    await begin();
    harness.cluster.holdFor('restored', 'bind');
    await harness.until(() => harness.restore()?.status?.handOver !== undefined);
    await harness.kube.client().delete(dataMoverRestores, { namespace: APP, name: 'r1' });
    await harness.advance(5_000);
    harness.cluster.release('bind');
    await harness.until(() => harness.restore() === undefined);
    expectArrived('precious');
  });

  it('leaves no volume behind when the restore is deleted against our finalizer', async () => {
    await begin();
    harness.cluster.holdFor(child, 'release claims');
    await harness.until(() => harness.restore()?.status?.handOver !== undefined);
    await harness.quiesce();
    const key = { namespace: APP, name: 'r1' };
    harness.kube.edit(dataMoverRestores, key, (restore) => {
      restore.metadata.finalizers = [];
    });
    harness.kube.remove(dataMoverRestores, key);
    await harness.quiesce();
    harness.cluster.release('release claims');
    await harness.advance(5_000);
    expect(harness.inventory()).toEqual(before);
  });

  it('fails if the staging claim is not removed in time, and the volume is deleted', async () => {
    harness.setDeadlines({ handOverSeconds: 60 });
    await begin();
    harness.cluster.holdFor(child, 'release claims');
    await harness.until(() => harness.restore()?.status?.failure !== undefined);
    harness.cluster.release('release claims');
    const { reason, message } = await fails();
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toContain('no hand-over within 60 s');
  });

  it('that comes too late for the restore leaves the volume as it belongs', async () => {
    harness.setDeadlines({ handOverSeconds: 60 });
    source.volume!.reclaimPolicy = 'Retain';
    await begin();
    harness.cluster.holdFor('restored', 'bind');
    await harness.until(() => harness.restore()?.status?.failure !== undefined);
    harness.cluster.release('bind');
    expect(await end()).toMatchObject({ phase: 'Failed' });
    expectArrived('precious');
    expect(volume()?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
  });

  it('fails if the mover does not release the volume in time', async () => {
    harness.setDeadlines({ handOverSeconds: 60 });
    harness.cluster.hold('collect');
    await begin();
    await harness.until(() => harness.restore()?.status?.failure !== undefined);
    expect(harness.restore()?.status?.failure).toMatchObject({ reason: 'DeadlineExceeded' });
    harness.cluster.release('collect');
    await fails();
  });
});

describe('a restore that ends early', () => {
  const phases: [string, () => void][] = [
    ['Queued', () => occupyRepository()],
    ['Staging', () => harness.cluster.hold('provision')],
    ['Moving', () => harness.cluster.hold('volsync')],
    ['Moving', () => void (harness.cluster.state.script = running)],
  ];

  /** Adds another restore, served by another controller, that uses the repository and never ends. */
  function occupyRepository(): void {
    const servedBy = harness.addForeignController();
    harness.addRestore('other', (object) => {
      object.status = {
        phase: 'Moving',
        mover: 'Other',
        dataMoverClass: 'volsync',
        servedBy,
        admittedAt: '2026-01-01T00:00:00Z',
        repositoryPath: 'c1/app/data',
      };
    });
  }

  beforeEach(() => harness.addDestination());

  it.each(phases)('by cancel while %s leaves nothing behind (%#)', async (phase, keep) => {
    keep();
    await begin();
    await reach(phase);
    await harness.advance(2_000);
    harness.kube.edit(dataMoverRestores, { namespace: APP, name: 'r1' }, (restore) => {
      restore.spec.cancel = true;
    });
    expect(await end()).toMatchObject({ phase: 'Canceled' });
    expect(harness.inventory()).toEqual(before);
  });

  it.each(phases)('by deletion while %s leaves nothing behind (%#)', async (phase, keep) => {
    keep();
    await begin();
    await reach(phase);
    await harness.advance(2_000);
    await harness.kube.client().delete(dataMoverRestores, { namespace: APP, name: 'r1' });
    await harness.until(() => harness.restore() === undefined);
    expect(harness.inventory()).toEqual(before);
  });

  it('leaves nothing behind on storage that keeps released volumes', async () => {
    harness.addStorageClass('fast', { reclaimPolicy: 'Retain' });
    harness.cluster.state.script = () => ({ end: 'failed', lines: ['Fatal: incorrect password'] });
    await begin();
    expect((await fails()).reason).toBe('WrongPassword');
  });
});

describe("a mover's word of success", () => {
  beforeEach(() => harness.addDestination());

  it('is none when nothing matched', async () => {
    harness.addSecret({ RESTIC_REPOSITORY: 's3:http://s3.example.com/another' });
    await begin();
    const { reason, message } = await fails();
    expect(reason).toBe('RepositoryMissing');
    expect(message).toContain('abcdef01');
    expect(message).toContain('RESTIC_REPOSITORY');
  });

  it('is none when another snapshot was restored', async () => {
    harness.cluster.state.script = () => ({
      end: 'succeeded',
      lines: ['restoring snapshot 99999999 of [/data] at 2026-01-01 00:00:00 by @volsync to .'],
    });
    await begin();
    const { reason, message } = await fails();
    expect(reason).toBe('SnapshotMismatch');
    expect(message).toContain('99999999');
    expect(message).toContain('abcdef01');
  });

  it('is none when no log names a snapshot', async () => {
    harness.cluster.state.script = () => ({ end: 'succeeded', lines: ['=== Done ==='] });
    await begin();
    expect((await fails()).reason).toBe('MoverFailed');
  });
});

describe('a record', () => {
  beforeEach(() => harness.addDestination());

  it.each([
    [
      'BackupNotCompleted',
      'WrongPassword: it was wrong',
      { result: undefined, failure: { reason: 'WrongPassword', message: 'it was wrong' } },
    ],
    ['BackupNotCompleted', 'it has no result', { result: undefined }],
    [
      'InvalidRequest',
      'created by mover Other',
      { result: { mover: 'Other', repository: 'c1/app/data', snapshotID: 'abcdef01' } },
    ],
    [
      'InvalidRequest',
      '"data" is not the path',
      { result: { mover: 'VolSync', repository: 'data', snapshotID: 'abcdef01' } },
    ],
    [
      'InvalidRequest',
      'is not the path',
      { result: { mover: 'VolSync', repository: 'c1/app/../other/data', snapshotID: 'abcdef01' } },
    ],
  ])('that is no good fails the restore with %s: %s', async (reason, text, changes) => {
    Object.assign(source, changes);
    for (const [key, value] of Object.entries(changes))
      if (value === undefined) delete source[key as 'result'];
    await begin();
    const failure = await fails();
    expect(failure.reason).toBe(reason);
    expect(failure.message).toContain(text);
  });
});

describe("another namespace's repository", () => {
  beforeEach(() => {
    harness.addDestination();
    source.result!.repository = 'c1/shop/data';
    const { repositories } = harness.cluster.state;
    for (const [url, repository] of [...repositories])
      repositories.set(url.replace('/app/', '/shop/'), repository);
  });

  it.each<[string, ((restore: DataMoverRestore) => void) | undefined, Velero | undefined]>([
    ['no Velero Restore', undefined, undefined],
    ['no Velero Restore but its mark', made, undefined],
    ['a Velero Restore outside the protected namespace', made, { namespace: APP }],
    ['a Velero Restore without a mapping', made, { restore: { namespaceMapping: {} } }],
    ['a Velero Restore with another mapping', made, { restore: { namespaceMapping: { shop: 'elsewhere' } } }],
    ['a Velero Restore that is over', made, { phase: 'Completed' }],
    ['a Velero Restore of other namespaces', made, { restore: { includedNamespaces: ['s', 'shop-2'] } }],
    ['a Velero Restore that leaves it out', made, { restore: { excludedNamespaces: ['sho?'] } }],
    ['a Velero Restore of a backup of others', made, { backup: { includedNamespaces: ['other'] } }],
    ['a Velero Restore of no backup', made, { restore: { backupName: 'none' } }],
    [
      'a Velero Restore that did not make it',
      (restore) => {
        made(restore);
        restore.metadata.name = 'mine';
      },
      {},
    ],
    [
      'the mark of another Velero Restore',
      (restore) => {
        made(restore);
        restore.metadata.labels = { 'velero.io/restore-uid': 'another' };
      },
      {},
    ],
  ])('is refused with %s', async (_, change, velero) => {
    if (velero !== undefined) addVelero(velero);
    await begin(change);
    const { reason, message } = await fails();
    expect(reason).toBe('Forbidden');
    expect(message).toContain('shop');
    expect(harness.cluster.state.started).toEqual([]);
  });

  it.each<[string, Velero]>([
    ['maps it here', {}],
    [
      'names it, as its backup does',
      { restore: { includedNamespaces: ['sh*'] }, backup: { includedNamespaces: ['shop'] } },
    ],
    [
      'takes all, and waits for us',
      { restore: { includedNamespaces: ['*'] }, phase: 'WaitingForPluginOperations' },
    ],
  ])('is read with a Velero Restore that %s', async (_, velero) => {
    addVelero(velero);
    await begin(made);
    expect(await end()).toMatchObject({ phase: 'Completed', repositoryPath: 'c1/shop/data' });
    expectArrived('precious');
  });

  it.each([
    ['of a namespace of this name in another cluster', 'c2/app/data'],
    ["that lies in another namespace's", 'c1/shop/data/data/c1/app/data'],
    ['below a folder that the class does not name', 'team-a/c1/app/data'],
  ])('%s is refused without a Velero Restore', async (_, repository) => {
    source.result!.repository = repository;
    await begin();
    expect((await fails()).reason).toBe('Forbidden');
  });

  it.each(['c1/app/..%2Fshop%2Fdata', 'c1/shop/data#/c1/app/data', 'c1/shop/data?/c1/app/data'])(
    'is not accessible through URL syntax in the path %s',
    async (repository) => {
      source.result!.repository = repository;
      harness.cluster.hasOldSchemas = true;
      await begin();
      expect((await fails()).reason).toBe('InvalidRequest');
      expect(harness.cluster.state.started).toEqual([]);
    },
  );
});
