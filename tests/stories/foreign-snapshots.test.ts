import { childrenOf } from '../../api/datamover/v1alpha1/names.ts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { APP, World } from '../fakes/cluster/world.ts';
import { childIdentity } from '../../lifecycle/request/child-identity.ts';

/** A namespace belongs to its tenant, who may create any VolumeSnapshot under the name that a backup is about to use. */

let world: World;

beforeEach(async () => {
  world = new World();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

describe('a VolumeSnapshot of the tenant under the name that a backup uses', () => {
  function addSnapshot(source: Record<string, string>) {
    const request = world.addBackup('b1');
    const { name, labels, annotations } = childIdentity(childrenOf('backup'), request);
    return world.kube.seed(volumeSnapshots, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { namespace: APP, name, labels, annotations },
      spec: { volumeSnapshotClassName: 'snapshots', source },
    });
  }

  async function endOfBackup() {
    await world.start();
    await world.until(() => world.backup()?.status?.completionTimestamp !== undefined);
    await world.quiesce();
    return world.backup()!.status!;
  }

  it('stays, when the backup fails because of it', async () => {
    const { metadata } = addSnapshot({ persistentVolumeClaimName: 'data' });
    expect(await endOfBackup()).toMatchObject({ phase: 'Failed', failure: { reason: 'InvalidRequest' } });
    expect(world.kube.peek(volumeSnapshots, metadata)?.metadata).toMatchObject({ uid: metadata.uid });
    expect(world.kube.peek(volumeSnapshots, metadata)?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('keeps the content that an administrator has provided for it, with its policy', async () => {
    const content = { name: 'kept-by-the-administrator' };
    const { metadata } = addSnapshot({ volumeSnapshotContentName: content.name });
    const { name, namespace = '', uid = '' } = metadata;
    const kept = world.kube.seed(volumeSnapshotContents, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: content,
      spec: {
        deletionPolicy: 'Retain',
        driver: world.cluster.state.driver,
        source: { snapshotHandle: 'precious' },
        volumeSnapshotRef: { kind: 'VolumeSnapshot', namespace, name, uid },
      },
    });
    world.kube.edit(volumeSnapshots, metadata, (snapshot) => {
      snapshot.status = {
        boundVolumeSnapshotContentName: content.name,
        creationTime: '2026-01-01T00:00:00Z',
      };
    });
    await endOfBackup();
    expect(world.kube.peek(volumeSnapshotContents, content)?.spec).toEqual(kept.spec);
  });
});

it('a VolumeSnapshot that the tenant puts in the place of the captured one is left alone', async () => {
  await world.start();
  world.cluster.hold('volsync');
  const child = childName('backup', world.addBackup('b1').metadata.uid ?? '');
  await world.until(() => world.backup()?.status?.capture !== undefined);
  const key = { namespace: APP, name: child };
  const { apiVersion, kind, metadata, spec } = world.kube.peek(volumeSnapshots, key)!;
  world.kube.remove(volumeSnapshots, key);
  const replacement = world.kube.seed(volumeSnapshots, {
    apiVersion,
    kind,
    metadata: { ...key, labels: metadata.labels ?? {} },
    spec,
  });
  world.cluster.release('volsync');
  await world.until(() => world.backup()?.status?.completionTimestamp !== undefined);
  expect(world.kube.peek(volumeSnapshots, key)?.metadata.uid).toBe(replacement.metadata.uid);
});
