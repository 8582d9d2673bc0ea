import { childrenOf } from '../../api/datamover/v1alpha1/names.ts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';
import { childIdentity } from '../../lifecycle/request/child-identity.ts';

/** A namespace belongs to its tenant, who may create any VolumeSnapshot under the name that a backup is about to use. */

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

describe('a VolumeSnapshot of the tenant under the name that a backup uses', () => {
  function addSnapshot(source: Record<string, string>) {
    const request = harness.addBackup('b1');
    const { name, labels, annotations } = childIdentity(childrenOf('backup'), request);
    return harness.kube.seed(volumeSnapshots, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { namespace: APP, name, labels, annotations },
      spec: { volumeSnapshotClassName: 'snapshots', source },
    });
  }

  async function endOfBackup() {
    await harness.start();
    await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
    await harness.quiesce();
    return harness.backup()!.status!;
  }

  it('stays, when the backup fails because of it', async () => {
    const { metadata } = addSnapshot({ persistentVolumeClaimName: 'data' });
    expect(await endOfBackup()).toMatchObject({ phase: 'Failed', failure: { reason: 'InvalidRequest' } });
    expect(harness.kube.peek(volumeSnapshots, metadata)?.metadata).toMatchObject({ uid: metadata.uid });
    expect(harness.kube.peek(volumeSnapshots, metadata)?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('keeps the content that an administrator has provided for it, with its policy', async () => {
    const content = { name: 'kept-by-the-administrator' };
    const { metadata } = addSnapshot({ volumeSnapshotContentName: content.name });
    const { name, namespace = '', uid = '' } = metadata;
    const kept = harness.kube.seed(volumeSnapshotContents, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: content,
      spec: {
        deletionPolicy: 'Retain',
        driver: harness.cluster.state.driver,
        source: { snapshotHandle: 'precious' },
        volumeSnapshotRef: { kind: 'VolumeSnapshot', namespace, name, uid },
      },
    });
    harness.kube.edit(volumeSnapshots, metadata, (snapshot) => {
      snapshot.status = {
        boundVolumeSnapshotContentName: content.name,
        creationTime: '2026-01-01T00:00:00Z',
      };
    });
    await endOfBackup();
    expect(harness.kube.peek(volumeSnapshotContents, content)?.spec).toEqual(kept.spec);
  });
});

it('a VolumeSnapshot that the tenant puts in the place of the captured one is left alone', async () => {
  await harness.start();
  harness.cluster.hold('volsync');
  const child = childName('backup', harness.addBackup('b1').metadata.uid ?? '');
  await harness.until(() => harness.backup()?.status?.capture !== undefined);
  const key = { namespace: APP, name: child };
  const { apiVersion, kind, metadata, spec } = harness.kube.peek(volumeSnapshots, key)!;
  harness.kube.remove(volumeSnapshots, key);
  const replacement = harness.kube.seed(volumeSnapshots, {
    apiVersion,
    kind,
    metadata: { ...key, labels: metadata.labels ?? {} },
    spec,
  });
  harness.cluster.release('volsync');
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
  expect(harness.kube.peek(volumeSnapshots, key)?.metadata.uid).toBe(replacement.metadata.uid);
});
