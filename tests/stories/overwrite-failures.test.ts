import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { DESTINATION } from './support/restore-story.ts';
import { OverwriteStory } from './support/overwrite-story.ts';

/** Restores into a claim that holds data, if the request allows that. */

const RESTORE = { namespace: APP, name: 'r1' };

let harness: OverwriteStory;

beforeEach(async () => {
  harness = new OverwriteStory();
  await harness.setUp();
});

afterEach(() => harness.stop());

describe('a restore that fails leaves the former data as they were:', () => {
  it.each<[string, string, () => void]>([
    [
      'at a wrong password',
      'WrongPassword',
      () => (harness.cluster.state.script = () => ({ end: 'failed', lines: ['Fatal: incorrect password'] })),
    ],
    [
      'at another snapshot',
      'SnapshotMismatch',
      () =>
        (harness.cluster.state.script = () => ({
          end: 'succeeded',
          lines: ['restoring snapshot 99999999 of [/data] at 2026-01-01 00:00:00 by @volsync to .'],
        })),
    ],
  ])('%s', async (_, reason, prepare) => {
    prepare();
    await harness.begin();
    const { failure, replaces } = await harness.end();
    expect(failure?.reason).toBe(reason);
    expect(replaces?.outcome).toBe('RolledBack');
    harness.expectUntouched();
  });

  it('when it is canceled', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    harness.kube.edit(dataMoverRestores, RESTORE, ({ spec }) => (spec.cancel = true));
    expect(await harness.end()).toMatchObject({ phase: 'Canceled', replaces: { outcome: 'RolledBack' } });
    harness.expectUntouched();
  });

  it('when it is deleted', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    await harness.kube.client().delete(dataMoverRestores, RESTORE);
    await harness.until(() => harness.restore() === undefined);
    harness.expectUntouched();
  });

  it('when a pod keeps the claim', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    harness.addPod('stuck', (pod) => (pod.status = { phase: 'Pending' }));
    harness.cluster.release('volsync');
    const { failure } = await harness.end();
    expect(failure?.message).toContain('no hand-over within 60 s');
    expect(failure?.message).toContain('pod stuck');
    expect(harness.claim()?.metadata.uid).toBe(harness.former.claim.metadata.uid);
    harness.expectFormerData();
  });

  it('when a quota delays the re-creation of the claim', async () => {
    await harness.begin();
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === APP)
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: claims' });
    };
    await harness.until(() => harness.restore()?.status?.failure !== undefined, 3_600_000);
    expect(harness.status().failure?.message).toContain('exceeded quota: claims');
    expect(harness.volumeNamed(harness.former.volume)?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
    harness.kube.restart();
    await harness.end();
    expect(harness.claim()?.metadata).toMatchObject({
      labels: { app: 'shop' },
      annotations: { note: 'mine' },
    });
    harness.expectFormerData();
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('when the claim that has the restored volume is never bound', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    harness.cluster.holdFor('restored', 'bind');
    harness.cluster.release('volsync');
    await harness.until(() => harness.restore()?.status?.failure !== undefined);
    harness.cluster.release('bind');
    const { phase, replaces } = await harness.end();
    expect(phase).toBe('Failed');
    // The claim has the restored volume after all; the former volume is not deleted after a failure.
    expect(replaces?.outcome).toBe('Kept');
    expect(harness.read(DESTINATION)).toBe('restored data');
    expect(harness.volumeNamed(harness.former.volume)?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
    expect(harness.volumeNamed(harness.former.volume)?.metadata.annotations).toHaveProperty([
      annotations.setAside,
    ]);
  });

  it('on the former volume when another client has created a claim of that name', async () => {
    await harness.begin();
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === APP && !harness.claim())
        harness.addClaim('restored');
    };
    const { failure, replaces } = await harness.end();
    expect(failure?.reason).toBe('DestinationBound');
    expect(failure?.message).toContain(`its former volume ${harness.former.volume} is kept`);
    expect(replaces?.outcome).toBe('Kept');
    const volume = harness.volumeNamed(harness.former.volume);
    expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
    expect(harness.cluster.state.disks.get(volume?.spec.csi?.volumeHandle ?? '')).toBe('former data');
    expect(harness.read(DESTINATION)).toBe('');
  });
});
