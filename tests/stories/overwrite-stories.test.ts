import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../api/kubernetes/core.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { DESTINATION } from './support/restore-story.ts';
import { OverwriteStory } from './support/overwrite-story.ts';

let harness: OverwriteStory;

beforeEach(async () => {
  harness = new OverwriteStory();
  await harness.setUp();
});

afterEach(() => harness.stop());

describe('a claim with data', () => {
  it('is replaced by one that is the same but for its volume', async () => {
    await harness.begin();
    expect(await harness.end()).toMatchObject({
      phase: 'Completed',
      replaces: { persistentVolume: harness.former.volume, reclaimPolicy: 'Delete', outcome: 'Released' },
    });
    expect(harness.read(DESTINATION)).toBe('restored data');
    const { metadata, spec } = harness.claim()!;
    expect(metadata.uid).not.toBe(harness.former.claim.metadata.uid);
    expect(metadata.labels).toEqual({ app: 'shop' });
    expect(metadata.annotations).toEqual({ note: 'mine' });
    expect(metadata.ownerReferences).toEqual([harness.owner]);
    expect(spec).toEqual({
      ...harness.former.claim.spec,
      volumeName: harness.status().handOver?.persistentVolume,
    });
  });

  it('leaves nothing behind', async () => {
    await harness.begin();
    await harness.end();
    const { volumeName = '' } = harness.claim()!.spec;
    const after = harness.before.filter((line) => !line.includes(harness.former.volume.replace('pvc-', '')));
    const own = [`PersistentVolume ${volumeName}`, `storage ${harness.handleOf(DESTINATION)}`];
    expect(harness.inventory()).toEqual([...after, ...own].sort());
  });

  it('keeps its former volume if the reclaim policy of that is Retain', async () => {
    harness.kube.edit(persistentVolumes, { name: harness.former.volume }, ({ spec }) => {
      spec.persistentVolumeReclaimPolicy = 'Retain';
    });
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed', replaces: { reclaimPolicy: 'Retain' } });
    const volume = harness.volumeNamed(harness.former.volume);
    expect(volume).toMatchObject({ status: { phase: 'Released' } });
    expect(volume?.metadata.annotations).not.toHaveProperty([annotations.setAside]);
    expect(harness.cluster.state.disks.get(volume?.spec.csi?.volumeHandle ?? '')).toBe('former data');
  });

  it('is out of use from before the data is moved', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    expect(harness.claim()?.status?.phase).toBe('Lost');
    expect(harness.volumeNamed(harness.former.volume)?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
    expect(harness.status().replaces?.setAsideAt).toBeDefined();
    expect(harness.claim()?.metadata.annotations).toMatchObject({ [annotations.replacedBy]: 'app/r1' });
  });

  it('gets a volume as large as the one that it had', async () => {
    harness.kube.edit(persistentVolumeClaims, DESTINATION, (object) => {
      object.status = { ...object.status, capacity: { storage: '9Gi' } };
    });
    await harness.begin();
    await harness.end();
    expect(harness.volumeNamed(harness.claim()?.spec.volumeName)?.spec.capacity).toEqual({ storage: '9Gi' });
  });

  it('is not changed if the restore does not allow Overwrite', async () => {
    await harness.begin(({ spec }) => (spec.existingClaimPolicy = 'Fail'));
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('DestinationBound');
    expect(failure?.message).toContain('unless spec.existingClaimPolicy is Overwrite');
    harness.expectUntouched();
  });

  it('is replaced by a claim with the labels that it had at the end', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    harness.kube.edit(persistentVolumeClaims, DESTINATION, ({ metadata }) => {
      metadata.labels = { app: 'shop', late: 'yes' };
    });
    harness.cluster.release('volsync');
    await harness.end();
    expect(harness.claim()?.metadata.labels).toEqual({ app: 'shop', late: 'yes' });
  });
});

describe('a claim that has no volume yet', () => {
  it('is filled as ever', async () => {
    harness.kube.remove(persistentVolumeClaims, DESTINATION);
    await harness.quiesce();
    harness.addDestination();
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    expect(harness.status().replaces).toBeUndefined();
    expect(harness.read(DESTINATION)).toBe('restored data');
  });
});

describe('a controller without the rights to overwrite', () => {
  it('reports the missing rights before it changes anything', async () => {
    await harness.begin(() => {
      harness.kube.before = ({ verb, kind }) => {
        if (verb === 'list' && kind === pods)
          throw new KubeError({ code: 403, reason: 'Forbidden', message: 'pods is forbidden' });
      };
    });
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('Forbidden');
    expect(failure?.message).toContain('apply config/overwrite: pods is forbidden');
    harness.expectUntouched();
  });
});

describe('a claim that its owner deletes', () => {
  it('during the transfer is deleted with its volume, as without a restore', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    harness.kube.remove(persistentVolumeClaims, DESTINATION);
    expect(await harness.end()).toMatchObject({
      phase: 'Failed',
      failure: { reason: 'DestinationNotFound' },
    });
    const gone = [harness.former.volume.replace('pvc-', ''), 'app/restored'];
    expect(harness.inventory()).toEqual(
      harness.before.filter((line) => !gone.some((part) => line.includes(part))),
    );
  });
});

describe('two restores into one claim', () => {
  it('take turns', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    harness.addRestore('r2', ({ spec }) => {
      Object.assign(spec, { source: harness.source, existingClaimPolicy: 'Overwrite' });
    });
    await harness.advance(10_000);
    expect(harness.restore('r2')?.status?.message).toContain('another restore replaces the data');
    harness.cluster.release('volsync');
    await harness.end();
    expect(harness.read(DESTINATION)).toBe('restored data');
  });
});

describe('a claim that names a volume which is not its own', () => {
  it('is left alone with that volume', async () => {
    const other = { namespace: APP, name: 'other' };
    await harness.addSource('other', "somebody else's");
    const { volumeName = '' } = harness.kube.peek(persistentVolumeClaims, other)!.spec;
    harness.kube.edit(persistentVolumeClaims, DESTINATION, ({ spec }) => (spec.volumeName = volumeName));
    await harness.begin();
    const { failure } = await harness.end();
    expect(failure?.reason).toBe('DestinationBound');
    expect(failure?.message).toContain('which is not bound to it');
    expect(harness.read(other)).toBe("somebody else's");
    expect(harness.volumeNamed(volumeName)?.metadata.annotations).not.toHaveProperty([annotations.setAside]);
  });
});
