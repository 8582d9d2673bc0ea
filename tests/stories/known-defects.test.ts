import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  namespaces,
  persistentVolumeClaims,
  secrets,
  storageClasses,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import {
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import { formatKey, keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { APP, World } from '../fakes/cluster/world.ts';

/** Stories of docs/testing.md that fit into no other test. */

let world: World;

beforeEach(async () => {
  world = new World();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

const phaseOf = (name: string) => world.backup(name)?.status?.phase;

/** Returns the objects of these kinds that were created for a request. */
function childrenOf(uid: string, kinds: readonly Kind<Resource>[]): string[] {
  return kinds.flatMap((kind) =>
    world.kube
      .peekAll(kind)
      .filter(({ metadata }) => metadata.labels?.['oadp.openshift.io/request-uid'] === uid)
      .map((object) => `${kind.kind} ${formatKey(keyOf(object))}`),
  );
}

describe('known defects', () => {
  it('D3: a queued backup owns nothing but its snapshot', async () => {
    world.addClass(({ spec }) => {
      spec.limits = { ...spec.limits, backups: 1 };
    });
    await world.addSource('other', 'as precious');
    world.cluster.state.script = () => ({ end: 'running', lines: [] });
    await world.start();
    world.addBackup('b1');
    await world.until(() => phaseOf('b1') === 'Moving');
    const { uid = '' } = world.addBackup('b2', ({ spec }) => {
      spec.dataSourceRef.name = 'other';
    }).metadata;
    await world.until(() => phaseOf('b2') === 'Queued');
    await world.advance(60_000);
    const made = childrenOf(uid, [
      volumeSnapshots,
      volumeSnapshotContents,
      persistentVolumeClaims,
      secrets,
      replicationSources,
    ]);
    const snapshot = { namespace: APP, name: childName('backup', uid) };
    const content = world.kube.peek(volumeSnapshots, snapshot)?.status?.boundVolumeSnapshotContentName;
    expect(made).toEqual([`VolumeSnapshot ${formatKey(snapshot)}`, `VolumeSnapshotContent ${content ?? ''}`]);
  });

  it('D12: requests of one name in two namespaces do not meet', async () => {
    world.kube.seed(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const elsewhere: PersistentVolumeClaim = {
      ...world.kube.peek(persistentVolumeClaims, { namespace: APP, name: 'data' })!,
      metadata: { namespace: 'shop', name: 'data' },
    };
    const { volumeName: _, ...spec } = elsewhere.spec;
    world.kube.seed(persistentVolumeClaims, { ...elsewhere, spec, status: {} });
    await world.quiesce();
    world.write({ namespace: 'shop', name: 'data' }, 'goods');
    await world.start();
    world.addBackup('b1');
    world.addBackup('b1', ({ metadata }) => {
      metadata.namespace = 'shop';
    });
    const both = () =>
      [APP, 'shop'].map((namespace) => world.kube.peek(dataMoverBackups, { namespace, name: 'b1' }));
    await world.until(() => both().every((one) => one?.status?.completionTimestamp !== undefined));
    expect(both().map((one) => [one?.status?.phase, one?.status?.result?.bytes])).toEqual([
      ['Completed', 'precious'.length],
      ['Completed', 'goods'.length],
    ]);
    const repositories = [...world.cluster.state.repositories.values()];
    expect(repositories.map(({ snapshots }) => snapshots.map(({ content }) => content))).toEqual(
      expect.arrayContaining([['precious'], ['goods']]),
    );
  });

  it('D24: several default classes of storage and of snapshots do no harm', async () => {
    for (const name of ['fast', 'other']) {
      world.addStorageClass(name);
      world.kube.edit(storageClasses, { name }, ({ metadata }) => {
        metadata.annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
      });
    }
    for (const driver of [world.cluster.state.driver, 'other.example.com'])
      world.kube.seed(volumeSnapshotClasses, {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshotClass',
        metadata: {
          name: `default-${driver}`,
          annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' },
        },
        driver,
        deletionPolicy: 'Delete',
      });
    await world.start();
    world.addBackup('b1');
    await world.until(() => world.backup()?.status?.completionTimestamp !== undefined);
    expect(world.backup()?.status?.phase).toBe('Completed');
  });

  it('D32: the volume to read from may be a shallow one of another class', async () => {
    world.addStorageClass('shallow');
    world.addClass(({ spec }) => {
      spec.storageClasses = {
        fast: { stagingStorageClassName: 'shallow', stagingAccessModes: ['ReadOnlyMany'] },
      };
    });
    world.cluster.state.script = () => ({ end: 'running', lines: [] });
    await world.start();
    const { uid = '' } = world.addBackup('b1').metadata;
    const staging = { namespace: 'velero', name: childName('backup', uid) };
    await world.until(() => phaseOf('b1') === 'Moving');
    expect(world.kube.peek(persistentVolumeClaims, staging)?.spec).toMatchObject({
      storageClassName: 'shallow',
      accessModes: ['ReadOnlyMany'],
    });
    // The volume of the backup is recorded with its own class and modes, not with those of the staging claim.
    expect(world.backup()?.status).toMatchObject({
      volume: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'] },
    });
  });
});
