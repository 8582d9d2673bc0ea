import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { RestoreStory, DESTINATION } from './support/restore-story.ts';
import { running } from './support/running.ts';
import { addVelero, asOfVelero } from './support/velero-restore.ts';

let harness: RestoreStory;

beforeEach(() => {
  harness = new RestoreStory();
});

afterEach(() => harness.stop());

describe('a destination', () => {
  it('may appear after the restore', async () => {
    await harness.begin();
    await harness.advance(30_000, 10_000);
    harness.addDestination();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    harness.expectArrived('precious');
  });

  it('that never appears fails the restore', async () => {
    harness.setDeadlines({ destinationSeconds: 60 });
    await harness.begin();
    const { reason, message } = await harness.fails();
    expect(reason).toBe('DestinationNotFound');
    expect(message).toContain('app/restored did not appear within 60 s');
  });

  it('that is bound already is left alone', async () => {
    await harness.addSource('restored', 'live data');
    await harness.begin();
    expect((await harness.fails()).reason).toBe('DestinationBound');
    expect(harness.read(DESTINATION)).toBe('live data');
  });

  it('that is bound to another volume during the restore fails the restore', async () => {
    harness.addDestination();
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    harness.kube.edit(persistentVolumeClaims, DESTINATION, (claim) => {
      claim.spec.volumeName = 'another';
    });
    const { reason, message } = await harness.fails();
    expect(reason).toBe('DestinationBound');
    expect(message).toContain('another');
  });

  it('of mode Block is refused', async () => {
    harness.addDestination('restored', (claim) => {
      claim.spec.volumeMode = 'Block';
    });
    await harness.begin();
    expect((await harness.fails()).reason).toBe('UnsupportedVolumeMode');
  });

  it.each<[string, string, (spec: PersistentVolumeClaim['spec']) => void]>([
    ['without a storage class', 'spec.storageClassName', (spec) => (spec.storageClassName = '')],
    ['that only reads', 'spec.accessModes', (spec) => (spec.accessModes = ['ReadOnlyMany'])],
  ])('%s is rejected before any object is created', async (_, field, change) => {
    harness.addDestination('restored', ({ spec }) => change(spec));
    await harness.begin();
    const { reason, message } = await harness.fails();
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
    await harness.begin();
    await harness.reach('Moving');
    harness.editStagingVolume(change);
    harness.cluster.release('volsync');
    const { reason, message } = await harness.fails();
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
      addVelero(harness, { restore: { namespaceMapping: {} } });
      await harness.begin(asOfVelero);
      expect(await harness.end()).toMatchObject({ phase: 'Completed' });
      harness.expectArrived('precious');
      expect(harness.volume()?.spec.capacity).toEqual({ storage: expected });
    },
  );

  it('gets no volume that is larger than it requests because of a record that was set by hand', async () => {
    harness.addDestination();
    harness.source.volume!.capacity = '100Ti';
    await harness.begin();
    expect(await harness.fails()).toEqual({
      reason: 'DestinationMismatch',
      message:
        'spec.source.volume.capacity is 100Ti, more than the 2Gi of PersistentVolumeClaim app/restored; set spec.resources.requests.storage of the claim to 100Ti or more, then restore again',
    });
  });

  it("gets nothing of a record that its volume's driver would obey", async () => {
    harness.addDestination();
    harness.source.volume!.pvAnnotations = { 'csi.example.com/pool': 'gold', note: 'mine', constructor: 'x' };
    harness.source.volume!.pvLabels = { 'csi.example.com/pool': 'gold', constructor: 'x' };
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.volume()?.metadata.annotations).toMatchObject({ note: 'mine', constructor: 'x' });
    expect(harness.volume()?.metadata.annotations).not.toHaveProperty(['csi.example.com/pool']);
    expect(harness.volume()?.metadata.labels).toEqual({
      constructor: 'x',
      'oadp.openshift.io/data-mover-restore': 'r1',
    });
  });

  it.each([
    ['Recycle', 'Delete'],
    ['Retain', 'Retain'],
  ])('gets the policy %s as %s', async (recorded, expected) => {
    harness.addDestination();
    harness.source.volume!.reclaimPolicy = recorded;
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.volume()?.spec.persistentVolumeReclaimPolicy).toBe(expected);
  });

  it('of another StorageClass gets a volume of that class', async () => {
    harness.addStorageClass('slow');
    harness.addDestination('restored', ({ spec }) => (spec.storageClassName = 'slow'));
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    harness.expectArrived('precious');
    expect(harness.volume()?.spec.storageClassName).toBe('slow');
  });

  it('with a selector gets a volume with the labels that the selector requires', async () => {
    harness.source.volume!.pvLabels = { app: 'another' };
    harness.addDestination('restored', ({ spec }) => (spec.selector = { matchLabels: { app: 'shop' } }));
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    harness.expectArrived('precious');
    expect(harness.volume()?.metadata.labels).toEqual({ app: 'shop' });
  });

  it('whose selector contains reserved labels gets its volume without them', async () => {
    harness.source.volume!.reclaimPolicy = 'Retain';
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
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    harness.expectArrived('precious');
    expect(harness.volume()?.metadata.labels).toEqual({ app: 'shop', [labels.restoredBy]: 'r1' });
    expect(harness.volume()?.metadata.annotations ?? {}).not.toHaveProperty([annotations.handOver]);
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
    Object.assign(harness.source.volume!, wrong);
    harness.addDestination();
    harness.cluster.hasOldSchemas = true;
    await harness.begin();
    expect(await harness.fails()).toEqual({ reason: 'InvalidRequest', message });
    expect(harness.kube.peekAll(persistentVolumes)).toEqual([]);
  });

  it('waits for a quota of the protected namespace, reports it, and fails at the deadline', async () => {
    harness.setDeadlines({ stagingSeconds: 60 });
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: storage' });
    };
    harness.addDestination();
    await harness.begin();
    await harness.advance(5_000);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Staging', message: 'exceeded quota: storage' });
    const { reason, message } = await harness.fails();
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toContain('exceeded quota: storage');
  });

  it.each<[string, string, boolean]>([
    ['deleted', 'was deleted before it got its volume', false],
    ['deleted and created again', 'was deleted and created again', true],
  ])('that is %s while its data is moved fails the restore', async (_, text, again) => {
    harness.addDestination();
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    await harness.stop();
    harness.kube.remove(persistentVolumeClaims, DESTINATION);
    if (again) harness.addDestination();
    await harness.start();
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('DestinationNotFound');
    expect(failure?.message).toContain(`PersistentVolumeClaim app/restored ${text}`);
    expect(harness.inventory()).toEqual(
      harness.before.filter((line) => again || !line.endsWith('app/restored')),
    );
  });

  it('of another namespace is refused', async () => {
    await harness.begin((restore) => {
      restore.spec.destinationClaimRef.namespace = 'other';
    });
    const { reason, message } = await harness.fails();
    expect(reason).toBe('Forbidden');
    expect(message).toContain('spec.destinationClaimRef.namespace is other');
  });

  const standstills: [string, () => void][] = [
    ['before the staging claim has let go', () => harness.cluster.holdFor(harness.child, 'release claims')],
    ['before it is bound', () => harness.cluster.holdFor('restored', 'bind')],
  ];
  /** Deletes the claim during the hand-over of its volume. */
  async function loseOnTheWay(standStill: () => void): Promise<void> {
    harness.addDestination();
    await harness.begin();
    standStill();
    await harness.until(() => harness.restore()?.status?.handOver !== undefined);
    await harness.quiesce();
    harness.kube.remove(persistentVolumeClaims, DESTINATION);
  }

  it.each(standstills)('that is deleted %s fails the restore, and the volume is deleted', async (_, keep) => {
    await loseOnTheWay(keep);
    await harness.quiesce();
    harness.cluster.release('release claims', 'bind');
    const { phase, failure } = await harness.end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'DestinationNotFound' });
    expect(harness.inventory()).toEqual(harness.before.filter((line) => !line.endsWith('app/restored')));
  });

  it.each(standstills)('that is created again %s does not get the volume', async (_, keep) => {
    await loseOnTheWay(keep);
    harness.addDestination();
    await harness.quiesce();
    harness.cluster.release('release claims', 'bind');
    expect((await harness.fails()).message).toContain('was deleted and created again');
  });

  it('that is bound and deleted while no controller runs leaves no volume behind', async () => {
    harness.addDestination();
    await harness.begin();
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
    expect(await harness.end()).toMatchObject({
      phase: 'Failed',
      failure: { reason: 'DestinationNotFound' },
    });
    expect(harness.inventory()).toEqual(harness.before.filter((line) => !line.endsWith('app/restored')));
  });
});
