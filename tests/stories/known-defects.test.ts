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
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** Stories of docs/testing.md that fit into no other test. */

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const phaseOf = (name: string) => harness.backup(name)?.status?.phase;

/** Returns the objects of these kinds that were created for a request. */
function childrenOf(uid: string, kinds: readonly Kind<Resource>[]): string[] {
  return kinds.flatMap((kind) =>
    harness.kube
      .peekAll(kind)
      .filter(({ metadata }) => metadata.labels?.['oadp.openshift.io/request-uid'] === uid)
      .map((object) => `${kind.kind} ${formatKey(keyOf(object))}`),
  );
}

describe('known defects', () => {
  it('D3: a queued backup owns nothing but its snapshot', async () => {
    harness.addClass(({ spec }) => {
      spec.limits = { ...spec.limits, backups: 1 };
    });
    await harness.addSource('other', 'as precious');
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => phaseOf('b1') === 'Moving');
    const { uid = '' } = harness.addBackup('b2', ({ spec }) => {
      spec.dataSourceRef.name = 'other';
    }).metadata;
    await harness.until(() => phaseOf('b2') === 'Queued');
    await harness.advance(60_000);
    const made = childrenOf(uid, [
      volumeSnapshots,
      volumeSnapshotContents,
      persistentVolumeClaims,
      secrets,
      replicationSources,
    ]);
    const snapshot = { namespace: APP, name: childName('backup', uid) };
    const content = harness.kube.peek(volumeSnapshots, snapshot)?.status?.boundVolumeSnapshotContentName;
    expect(made).toEqual([`VolumeSnapshot ${formatKey(snapshot)}`, `VolumeSnapshotContent ${content ?? ''}`]);
  });

  it('D12: requests of one name in two namespaces do not meet', async () => {
    harness.kube.seed(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const elsewhere: PersistentVolumeClaim = {
      ...harness.kube.peek(persistentVolumeClaims, { namespace: APP, name: 'data' })!,
      metadata: { namespace: 'shop', name: 'data' },
    };
    const { volumeName: _, ...spec } = elsewhere.spec;
    harness.kube.seed(persistentVolumeClaims, { ...elsewhere, spec, status: {} });
    await harness.quiesce();
    harness.write({ namespace: 'shop', name: 'data' }, 'goods');
    await harness.start();
    harness.addBackup('b1');
    harness.addBackup('b1', ({ metadata }) => {
      metadata.namespace = 'shop';
    });
    const both = () =>
      [APP, 'shop'].map((namespace) => harness.kube.peek(dataMoverBackups, { namespace, name: 'b1' }));
    await harness.until(() => both().every((one) => one?.status?.completionTimestamp !== undefined));
    expect(both().map((one) => [one?.status?.phase, one?.status?.result?.bytes])).toEqual([
      ['Completed', 'precious'.length],
      ['Completed', 'goods'.length],
    ]);
    const repositories = [...harness.cluster.state.repositories.values()];
    expect(repositories.map(({ snapshots }) => snapshots.map(({ content }) => content))).toEqual(
      expect.arrayContaining([['precious'], ['goods']]),
    );
  });

  it('D24: several default classes of storage and of snapshots do no harm', async () => {
    for (const name of ['fast', 'other']) {
      harness.addStorageClass(name);
      harness.kube.edit(storageClasses, { name }, ({ metadata }) => {
        metadata.annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
      });
    }
    for (const driver of [harness.cluster.state.driver, 'other.example.com'])
      harness.kube.seed(volumeSnapshotClasses, {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshotClass',
        metadata: {
          name: `default-${driver}`,
          annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' },
        },
        driver,
        deletionPolicy: 'Delete',
      });
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
    expect(harness.backup()?.status?.phase).toBe('Completed');
  });

  it('D32: the volume to read from may be a shallow one of another class', async () => {
    harness.addStorageClass('shallow');
    harness.addClass(({ spec }) => {
      spec.storageClasses = {
        fast: { stagingStorageClassName: 'shallow', stagingAccessModes: ['ReadOnlyMany'] },
      };
    });
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    await harness.start();
    const { uid = '' } = harness.addBackup('b1').metadata;
    const staging = { namespace: 'velero', name: childName('backup', uid) };
    await harness.until(() => phaseOf('b1') === 'Moving');
    expect(harness.kube.peek(persistentVolumeClaims, staging)?.spec).toMatchObject({
      storageClassName: 'shallow',
      accessModes: ['ReadOnlyMany'],
    });
    // The volume of the backup is recorded with its own class and modes, not with those of the staging claim.
    expect(harness.backup()?.status).toMatchObject({
      volume: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'] },
    });
  });
});
