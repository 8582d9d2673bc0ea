import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { secrets } from '../../api/kubernetes/core.ts';
import { backups, backupStorageLocations, restores } from '../../api/velero/v1.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { ObjectMeta } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** The user's secret contains only a password; storage locations determine where the repositories are. */

const VELERO = 'velero';
const CREDENTIALS = '[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=s3cr3t\n';

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  keepSecret('restic-config', { RESTIC_PASSWORD: 'p4ssw0rd' });
  keepSecret('cloud-credentials', { cloud: CREDENTIALS });
  addLocation('main', true);
  addLocation('second');
  addLocation('archive');
  await harness.addSource('data', 'precious');
  await harness.start();
});

afterEach(() => harness.stop());

function keepSecret(name: string, values: Record<string, string>): void {
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  harness.kube.seed(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: VELERO, name },
    data,
  });
}

function addLocation(name: string, isDefault = false): void {
  harness.kube.seed(backupStorageLocations, {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { namespace: VELERO, name },
    spec: {
      provider: 'aws',
      config: { s3Url: 'http://s3.example.com' },
      objectStorage: { bucket: `bucket-of-${name}`, prefix: 'velero' },
      ...(isDefault && { default: true }),
    },
  });
}

/** Adds a Velero Backup in a location. Returns the metadata of its requests. */
function addVeleroBackup(name: string, storageLocation: string): Partial<ObjectMeta> {
  const { metadata } = harness.kube.seed(backups, {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { namespace: VELERO, name },
    spec: { storageLocation },
  });
  return {
    annotations: { [annotations.veleroBackup]: name },
    labels: { [labels.veleroBackupUid]: metadata.uid ?? '' },
  };
}

function addVeleroRestore(name: string, backupName: string): Partial<ObjectMeta> {
  const { metadata } = harness.kube.seed(restores, {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { namespace: VELERO, name },
    spec: { backupName },
  });
  return {
    annotations: { [annotations.veleroRestore]: name },
    labels: { [labels.veleroRestoreUid]: metadata.uid ?? '' },
  };
}

const urlIn = (location: string): string =>
  `s3:http://s3.example.com/bucket-of-${location}/velero/restic/oadp.openshift.io/c1/app/data`;

async function backUp(metadata: Partial<ObjectMeta> = {}) {
  harness.addBackup('b1', (backup) => Object.assign(backup.metadata, metadata));
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
  return harness.backup()!.status!;
}

async function restore(metadata: Partial<ObjectMeta> = {}) {
  const { result, volume } = harness.backup()!.status!;
  harness.addDestination();
  harness.addRestore('r1', (one) => {
    Object.assign(one.metadata, metadata);
    one.spec.source = { backupName: 'b1', backupNamespace: APP, dataMoverClass: 'volsync', result, volume };
  });
  await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined);
  return harness.restore()!.status!;
}

function setClassLocation(name: string): void {
  harness.addClass((object) => Object.assign(object.spec, { config: { backupStorageLocation: { name } } }));
}

describe('if the secret contains only a password, a backup is stored', () => {
  it("in the location of its Velero backup, below Velero's prefix, and records the location", async () => {
    const status = await backUp(addVeleroBackup('nightly', 'second'));
    expect(status).toMatchObject({
      phase: 'Completed',
      result: { repository: 'c1/app/data', backupStorageLocation: 'second' },
    });
    expect([...harness.cluster.state.repositories.keys()]).toEqual([urlIn('second')]);
  });

  it('in the default location if it was created by hand', async () => {
    expect(await backUp()).toMatchObject({ result: { backupStorageLocation: 'main' } });
    expect([...harness.cluster.state.repositories.keys()]).toEqual([urlIn('main')]);
  });

  it('in the location that the class names, even if the Velero backup has another one', async () => {
    setClassLocation('archive');
    const status = await backUp(addVeleroBackup('nightly', 'second'));
    expect(status).toMatchObject({ result: { backupStorageLocation: 'archive' } });
  });

  it('nowhere if it names a Velero backup that has another UID', async () => {
    const claimed = { ...addVeleroBackup('nightly', 'second'), labels: { [labels.veleroBackupUid]: 'x' } };
    const status = await backUp(claimed);
    expect(status.failure).toMatchObject({ reason: 'StorageLocationNotFound' });
    expect(status.failure?.message).toContain('Velero Backup velero/nightly');
    expect(harness.kube.peekAll(replicationSources)).toEqual([]);
  });

  it('nowhere when it names a location itself', async () => {
    harness.addBackup('b1', (backup) => {
      backup.spec.config = { backupStorageLocation: { name: 'archive' } };
    });
    await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
    expect(harness.backup()?.status?.failure).toMatchObject({ reason: 'Forbidden' });
  });
});

describe('if the secret contains only a password, a restore reads', () => {
  it('from the current location of the Velero backup, even if the recorded location was renamed', async () => {
    await backUp(addVeleroBackup('nightly', 'second'));
    harness.kube.remove(backupStorageLocations, { namespace: VELERO, name: 'second' });
    addLocation('renamed');
    harness.kube.edit(backupStorageLocations, { namespace: VELERO, name: 'renamed' }, ({ spec }) => {
      spec.objectStorage = { bucket: 'bucket-of-second', prefix: 'velero' };
    });
    harness.kube.edit(backups, { namespace: VELERO, name: 'nightly' }, ({ spec }) => {
      spec.storageLocation = 'renamed';
    });
    expect(await restore(addVeleroRestore('back', 'nightly'))).toMatchObject({ phase: 'Completed' });
    expect(harness.read({ namespace: APP, name: 'restored' })).toBe('precious');
  });

  it('from the default location if created by hand, and reports where else the data may be', async () => {
    await backUp(addVeleroBackup('nightly', 'second'));
    const { failure } = await restore();
    expect(failure).toMatchObject({ reason: 'RepositoryMissing' });
    expect(failure?.message).toContain('check that BackupStorageLocation velero/main is the location');
    expect(failure?.message).toContain('BackupStorageLocation second');
  });

  it('from the location of the class', async () => {
    setClassLocation('archive');
    await backUp();
    expect(await restore()).toMatchObject({ phase: 'Completed' });
  });

  it('nothing if its Velero Restore does not exist', async () => {
    await backUp();
    const { failure } = await restore({ annotations: { [annotations.veleroRestore]: 'gone' } });
    expect(failure).toMatchObject({ reason: 'StorageLocationNotFound' });
    expect(failure?.message).toContain('Velero Restore velero/gone');
  });
});

it("if the user's secret names a repository, no storage location is used", async () => {
  harness.addSecret();
  const status = await backUp({ annotations: { [annotations.veleroBackup]: 'gone' } });
  expect(status).toMatchObject({ phase: 'Completed' });
  expect(status.result).not.toHaveProperty('backupStorageLocation');
  expect([...harness.cluster.state.repositories.keys()]).toEqual([
    's3:http://s3.example.com/bucket/restic/c1/app/data',
  ]);
});

describe('a snapshot that no record names', () => {
  it('is removed from the location that it was saved to, even if the Velero backup was deleted', async () => {
    harness.cluster.state.script = () => ({ end: 'running', lines: ['snapshot 11111111 saved'] });
    harness.addBackup('b1', ({ metadata }) => Object.assign(metadata, addVeleroBackup('nightly', 'second')));
    await harness.until(() => harness.cluster.state.started.length > 0);
    harness.kube.remove(backups, { namespace: VELERO, name: 'nightly' });
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, ({ spec }) => {
      spec.cancel = true;
    });
    await harness.until(() => harness.backup()?.status?.phase === 'Canceled');
    expect(harness.kube.peekAll(dataMoverDeletes)).toMatchObject([
      { spec: { backupStorageLocation: 'second', result: { snapshotID: '11111111' } } },
    ]);
  });
});
