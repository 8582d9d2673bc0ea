import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { RestoreStory } from './support/restore-story.ts';
import { occupyingStatus } from './support/occupied-repository.ts';
import { running } from './support/running.ts';

let harness: RestoreStory;

beforeEach(() => {
  harness = new RestoreStory();
});

afterEach(() => harness.stop());

describe('a hand-over', () => {
  beforeEach(() => harness.addDestination());

  it('that has started is completed although the restore is canceled', async () => {
    await harness.begin();
    harness.cluster.holdFor(harness.child, 'release claims');
    await harness.until(() => harness.restore()?.status?.handOver !== undefined);
    harness.kube.edit(dataMoverRestores, { namespace: APP, name: 'r1' }, (restore) => {
      restore.spec.cancel = true;
    });
    await harness.advance(5_000);
    harness.cluster.release('release claims');
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    harness.expectArrived('precious');
  });

  it('that has started is completed although the restore is deleted', async () => {
    await harness.begin();
    harness.cluster.holdFor('restored', 'bind');
    await harness.until(() => harness.restore()?.status?.handOver !== undefined);
    await harness.kube.client().delete(dataMoverRestores, { namespace: APP, name: 'r1' });
    await harness.advance(5_000);
    harness.cluster.release('bind');
    await harness.until(() => harness.restore() === undefined);
    harness.expectArrived('precious');
  });

  it('leaves no volume behind when the restore is deleted against our finalizer', async () => {
    await harness.begin();
    harness.cluster.holdFor(harness.child, 'release claims');
    await harness.until(() => harness.restore()?.status?.handOver !== undefined);
    await harness.quiesce();
    const key = { namespace: APP, name: 'r1' };
    harness.kube.edit(dataMoverRestores, key, (restore) => {
      restore.metadata.finalizers = [];
    });
    harness.kube.remove(dataMoverRestores, key);
    await harness.quiesce();
    harness.cluster.release('release claims');
    await harness.advance(5_000);
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('fails if the staging claim is not removed in time, and the volume is deleted', async () => {
    harness.setDeadlines({ handOverSeconds: 60 });
    await harness.begin();
    harness.cluster.holdFor(harness.child, 'release claims');
    await harness.until(() => harness.restore()?.status?.failure !== undefined);
    harness.cluster.release('release claims');
    const { reason, message } = await harness.fails();
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toContain('no hand-over within 60 s');
  });

  it('that comes too late for the restore leaves the volume as it belongs', async () => {
    harness.setDeadlines({ handOverSeconds: 60 });
    harness.source.volume!.reclaimPolicy = 'Retain';
    await harness.begin();
    harness.cluster.holdFor('restored', 'bind');
    await harness.until(() => harness.restore()?.status?.failure !== undefined);
    harness.cluster.release('bind');
    expect(await harness.end()).toMatchObject({ phase: 'Failed' });
    harness.expectArrived('precious');
    expect(harness.volume()?.spec.persistentVolumeReclaimPolicy).toBe('Retain');
  });

  it('fails if the mover does not release the volume in time', async () => {
    harness.setDeadlines({ handOverSeconds: 60 });
    harness.cluster.hold('collect');
    await harness.begin();
    await harness.until(() => harness.restore()?.status?.failure !== undefined);
    expect(harness.restore()?.status?.failure).toMatchObject({ reason: 'DeadlineExceeded' });
    harness.cluster.release('collect');
    await harness.fails();
  });
});

describe('a restore that ends early', () => {
  const phases: [string, () => void][] = [
    ['Queued', () => occupyRepository()],
    ['Staging', () => harness.cluster.hold('provision')],
    ['Moving', () => harness.cluster.hold('volsync')],
    ['Moving', () => void (harness.cluster.state.script = running)],
  ];

  /** Adds another restore, served by another controller, that uses the repository and never ends. */
  function occupyRepository(): void {
    const status = occupyingStatus(harness);
    harness.addRestore('other', (object) => (object.status = status));
  }

  beforeEach(() => harness.addDestination());

  it.each(phases)('by cancel while %s leaves nothing behind (%#)', async (phase, keep) => {
    keep();
    await harness.begin();
    await harness.reach(phase);
    await harness.advance(2_000);
    harness.kube.edit(dataMoverRestores, { namespace: APP, name: 'r1' }, (restore) => {
      restore.spec.cancel = true;
    });
    expect(await harness.end()).toMatchObject({ phase: 'Canceled' });
    expect(harness.inventory()).toEqual(harness.before);
  });

  it.each(phases)('by deletion while %s leaves nothing behind (%#)', async (phase, keep) => {
    keep();
    await harness.begin();
    await harness.reach(phase);
    await harness.advance(2_000);
    await harness.kube.client().delete(dataMoverRestores, { namespace: APP, name: 'r1' });
    await harness.until(() => harness.restore() === undefined);
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('leaves nothing behind on storage that keeps released volumes', async () => {
    harness.addStorageClass('fast', { reclaimPolicy: 'Retain' });
    harness.cluster.state.script = () => ({ end: 'failed', lines: ['Fatal: incorrect password'] });
    await harness.begin();
    expect((await harness.fails()).reason).toBe('WrongPassword');
  });
});
