import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../../../../api/kubernetes/snapshot.ts';
import { silentLogger } from '../../../../../telemetry/log.ts';
import { FakeKube } from '../../../../../tests/fakes/fake-kube.ts';
import { FolderStore } from '../volumes/folder-store.ts';
import { PROVISIONED_BY, PROVISIONER_FINALIZER, STORAGE_PROVISIONER } from './annotations.ts';
import { ClaimReconciler } from './claim-reconciler.ts';
import { VolumeReconciler } from './volume-reconciler.ts';

const DRIVER = 'csi-test.example';
const context = () => ({ signal: new AbortController().signal, log: silentLogger, reconcileID: 'r' });

describe('the provisioner', () => {
  let root: string;
  let store: FolderStore;
  let kube: FakeKube;
  let events: string[];
  let claims: ClaimReconciler;
  let volumes: VolumeReconciler;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'provisioner-'));
    store = new FolderStore(root);
    await store.open();
    kube = new FakeKube();
    events = [];
    const recordEvent = (_: unknown, reason: string, message: string) =>
      void events.push(`${reason}: ${message}`);
    const common = { client: kube.client(DRIVER), store, driverName: DRIVER };
    claims = new ClaimReconciler({ ...common, events: { normal: recordEvent, warning: recordEvent } });
    volumes = new VolumeReconciler(common);
    seedClass('fast');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  function seedClass(name: string, parameters: Record<string, string> = {}): void {
    kube.seed(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: DRIVER,
      reclaimPolicy: 'Delete',
      parameters,
    });
  }

  function seedClaim(name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim {
    return kube.seed(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'app', annotations: { [STORAGE_PROVISIONER]: DRIVER } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '1Gi' } },
        ...spec,
      },
    });
  }

  const reconcile = (name: string) => claims.reconcile({ namespace: 'app', name }, context());

  function volumeOf(claim: PersistentVolumeClaim): PersistentVolume | undefined {
    return kube.peek(persistentVolumes, { name: `pvc-${claim.metadata.uid ?? ''}` });
  }

  const folderOf = (claim: PersistentVolumeClaim): string =>
    store.volumePath(volumeOf(claim)?.spec.csi?.volumeHandle ?? '');

  /** Provisions a claim and binds it as kube-controller-manager would. */
  async function boundClaim(name: string): Promise<PersistentVolumeClaim> {
    const claim = seedClaim(name);
    await reconcile(name);
    return kube.edit(persistentVolumeClaims, { namespace: 'app', name }, (object) => {
      object.spec.volumeName = volumeOf(claim)?.metadata.name ?? '';
      object.status = { phase: 'Bound', capacity: { storage: '1Gi' } };
    });
  }

  /** Creates a snapshot of a claim as csi-snapshotter and snapshot-controller would. */
  async function seedSnapshot(claim: PersistentVolumeClaim, readyToUse = true): Promise<void> {
    const sourceVolumeId = volumeOf(claim)?.spec.csi?.volumeHandle ?? '';
    const { id } = await store.createSnapshot({ name: 'snap', sourceVolumeId });
    const snapshot = kube.seed(volumeSnapshots, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'snap', namespace: 'app' },
      spec: { source: { persistentVolumeClaimName: claim.metadata.name } },
      status: { boundVolumeSnapshotContentName: 'content', readyToUse, restoreSize: '1Gi' },
    });
    kube.seed(volumeSnapshotContents, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: { name: 'content' },
      spec: {
        deletionPolicy: 'Delete',
        driver: DRIVER,
        source: { volumeHandle: sourceVolumeId },
        volumeSnapshotRef: { namespace: 'app', name: 'snap', uid: snapshot.metadata.uid ?? '' },
      },
      status: { snapshotHandle: id },
    });
  }
  const fromSnapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'snap' };

  it('creates a folder and a volume only once', async () => {
    const claim = seedClaim('data');
    await reconcile('data');
    await reconcile('data');
    expect(kube.peekAll(persistentVolumes)).toHaveLength(1);
    expect(await store.getVolume(volumeOf(claim)?.spec.csi?.volumeHandle ?? '')).toMatchObject({
      capacityBytes: 2 ** 30,
    });
    expect(events).toEqual([expect.stringMatching(/^ProvisioningSucceeded/)]);
  });

  it('fills a volume from a snapshot and from another claim', async () => {
    const source = await boundClaim('source');
    await writeFile(join(folderOf(source), 'file'), 'old');
    await seedSnapshot(source);
    await writeFile(join(folderOf(source), 'file'), 'new');
    const restored = seedClaim('restored', { dataSource: fromSnapshot });
    const cloned = seedClaim('cloned', { dataSource: { kind: 'PersistentVolumeClaim', name: 'source' } });
    await reconcile('restored');
    await reconcile('cloned');
    expect(await readFile(join(folderOf(restored), 'file'), 'utf8')).toBe('old');
    expect(await readFile(join(folderOf(cloned), 'file'), 'utf8')).toBe('new');
  });

  it.each([
    ['a selector', { selector: {} }, /claim Selector is not supported/],
    [
      'a snapshot that is not there',
      { dataSource: { ...fromSnapshot, name: 'none' } },
      /snapshot none .*not found/,
    ],
    [
      'a request below the snapshot',
      { dataSource: fromSnapshot, resources: { requests: { storage: '1Mi' } } },
      /requested volume size 1048576 is less than the size 1073741824/,
    ],
    [
      'an unbound source claim',
      { dataSource: { kind: 'PersistentVolumeClaim', name: 'bad' } },
      /must be bound/,
    ],
  ])('reports %s in an Event and retries', async (_, spec, message) => {
    await seedSnapshot(await boundClaim('source'));
    const claim = seedClaim('bad', spec);
    await expect(reconcile('bad')).rejects.toThrow(message);
    expect(events.at(-1)).toMatch(
      /^ProvisioningFailed: failed to provision volume with StorageClass "fast": /,
    );
    expect(volumeOf(claim)).toBeUndefined();
  });

  it('waits for a snapshot that is not ready', async () => {
    await seedSnapshot(await boundClaim('source'), false);
    seedClaim('restored', { dataSource: fromSnapshot });
    await expect(reconcile('restored')).rejects.toThrow('snapshot snap is not Ready');
  });

  it('leaves claims with a foreign source to their populator', async () => {
    const claim = seedClaim('populated', {
      dataSourceRef: { apiGroup: 'x.example', kind: 'Thing', name: 't' },
    });
    await reconcile('populated');
    expect(volumeOf(claim)).toBeUndefined();
    expect(events).toEqual(['Provisioning: Assuming an external populator will provision the volume']);
  });

  it('fails if the class parameters specify a failure', async () => {
    seedClass('broken', { failCreate: 'array is full' });
    seedClaim('data', { storageClassName: 'broken' });
    await expect(reconcile('data')).rejects.toThrow('array is full');
  });

  it('deletes the folder and the PersistentVolume of a released volume', async () => {
    const claim = await boundClaim('data');
    const name = volumeOf(claim)?.metadata.name ?? '';
    const handle = volumeOf(claim)?.spec.csi?.volumeHandle ?? '';
    kube.edit(persistentVolumes, { name }, (volume) => {
      volume.status = { phase: 'Released' };
    });
    await volumes.reconcile({ name }, context());
    expect(await store.getVolume(handle)).toBeUndefined();
    expect(kube.peek(persistentVolumes, { name })).toBeUndefined();
  });

  it('keeps the folder of a volume that was turned to Retain', async () => {
    const claim = await boundClaim('data');
    const name = volumeOf(claim)?.metadata.name ?? '';
    const handle = volumeOf(claim)?.spec.csi?.volumeHandle ?? '';
    kube.edit(persistentVolumes, { name }, (volume) => {
      volume.spec.persistentVolumeReclaimPolicy = 'Retain';
      volume.status = { phase: 'Released' };
    });
    await volumes.reconcile({ name }, context());
    expect(kube.peek(persistentVolumes, { name })?.metadata).toMatchObject({
      annotations: { [PROVISIONED_BY]: DRIVER },
      finalizers: expect.not.arrayContaining([PROVISIONER_FINALIZER]) as unknown as string[],
    });
    expect(await store.getVolume(handle)).toBeDefined();
  });
});
