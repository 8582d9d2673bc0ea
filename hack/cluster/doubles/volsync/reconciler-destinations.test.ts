import { describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../../../api/kubernetes/snapshot.ts';
import { keyOf } from '../../../../api/kubernetes/meta.ts';
import { replicationDestinations } from './api.ts';
import { Rig, key, must, newDestination, reasonOf } from './reconciler-set-up.ts';

describe('a destination', () => {
  async function restored(restic: Parameters<typeof newDestination>[1]) {
    const rig = new Rig();
    rig.seedSecret();
    rig.seedClaim('data');
    const rd = newDestination(rig, restic);
    for (let pass = 0; pass < 2; pass++) await rig.pass(rd);
    rig.setJobStatus({ succeeded: 1 }, 'volsync-dst-rd');
    return { rig, rd };
  }

  it('names the claim as its image with copy method Direct', async () => {
    const { rig, rd } = await restored({ copyMethod: 'Direct', destinationPVC: 'data' });
    await rig.pass(rd);
    expect(rig.destination().status).toMatchObject({
      lastManualSync: 'one',
      latestImage: { apiGroup: '', kind: 'PersistentVolumeClaim', name: 'data' },
    });
    expect(rig.destination().status?.restic).toBeUndefined();
  });

  it('is Successful before its snapshot is bound, and done only after', async () => {
    const { rig, rd } = await restored({ copyMethod: 'Snapshot', destinationPVC: 'data' });
    await rig.pass(rd);
    expect(rig.destination().status).toMatchObject({ latestMoverStatus: { result: 'Successful' } });
    expect(reasonOf(rig.destination())).toBe('SyncInProgress');
    expect(rig.destination().status?.latestImage).toBeUndefined();
    const image = must(rig.kube.peekAll(volumeSnapshots)[0]).metadata.name;
    expect(image).toMatch(/^data-\d{14}$/);
    rig.kube.edit(volumeSnapshots, key(image), (snapshot) => {
      snapshot.status = { boundVolumeSnapshotContentName: 'c' };
    });
    await rig.pass(rd);
    expect(rig.destination().status).toMatchObject({ lastManualSync: 'one', latestImage: { name: image } });
    await rig.pass(rd);
    const claim = rig.kube.peek(persistentVolumeClaims, key('data'));
    expect(claim?.metadata.annotations?.['volsync.backube/snapname']).toBeUndefined();
    expect(rig.kube.peek(volumeSnapshots, key(image))).toBeDefined();
  });

  it('replaces its image at the next sync, but never one that is to be kept', async () => {
    const { rig, rd } = await restored({ copyMethod: 'Snapshot', destinationPVC: 'data' });
    const bindAll = () => {
      for (const snapshot of rig.kube.peekAll(volumeSnapshots)) {
        rig.kube.edit(volumeSnapshots, keyOf(snapshot), (object) => {
          object.status = { boundVolumeSnapshotContentName: 'c' };
        });
      }
    };
    const sync = async (tag: string) => {
      rig.kube.edit(replicationDestinations, key('rd'), (object) => {
        object.spec = { ...object.spec, trigger: { manual: tag } };
      });
      for (let pass = 0; pass < 3; pass++) await rig.pass(rd);
      if (rig.job('volsync-dst-rd') !== undefined) rig.setJobStatus({ succeeded: 1 }, 'volsync-dst-rd');
      for (let pass = 0; pass < 3; pass++) {
        await rig.pass(rd);
        bindAll();
      }
      await rig.pass(rd);
      return must(rig.destination().status?.latestImage).name;
    };
    const first = await sync('one');
    const second = await sync('two');
    expect(second).not.toBe(first);
    expect(rig.kube.peek(volumeSnapshots, key(first))).toBeUndefined();
    rig.kube.edit(volumeSnapshots, key(second), ({ metadata }) => {
      metadata.labels = { ...metadata.labels, 'volsync.backube/do-not-delete': '' };
    });
    await sync('three');
    const kept = must(rig.kube.peek(volumeSnapshots, key(second)));
    expect(kept.metadata.ownerReferences ?? []).toEqual([]);
    expect(kept.metadata.labels).toEqual({ 'volsync.backube/do-not-delete': '' });
  });

  it.each([
    ['Clone', 'unsupported copyMethod: Clone -- must be Direct, None, or Snapshot'],
    [undefined, 'unsupported copyMethod:  -- must be Direct, None, or Snapshot'],
  ])('with copy method %p runs the restore and then fails for ever', async (copyMethod, message) => {
    const { rig, rd } = await restored({
      destinationPVC: 'data',
      ...(copyMethod === undefined ? {} : { copyMethod }),
    });
    expect(await rig.pass(rd)).toMatchObject({ message });
    expect(rig.destination().status).toMatchObject({ latestMoverStatus: { result: 'Successful' } });
    expect(rig.destination().status?.lastManualSync).toBeUndefined();
  });

  it('provisions a claim if none is named, and requires a size and access modes for it', async () => {
    const rig = new Rig();
    rig.seedSecret();
    const rd = newDestination(rig, { copyMethod: 'Direct', capacity: '1Gi' });
    await rig.pass(rd);
    expect(await rig.pass(rd)).toMatchObject({
      message: 'accessModes must be provided when destinationPVC is not',
    });
    rig.kube.edit(replicationDestinations, key('rd'), (object) => {
      object.spec = {
        restic: { ...object.spec?.restic, accessModes: ['ReadWriteOnce'], cleanupTempPVC: true },
      };
    });
    await rig.pass(rd);
    expect(rig.kube.peek(persistentVolumeClaims, key('volsync-rd-dest'))?.metadata.labels).toMatchObject({
      'volsync.backube/cleanup': rig.destination().metadata.uid,
    });
  });
});
