import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { BackupStory } from './support/backup-story.ts';
import { heldPhases } from './support/held-phases.ts';

let harness: BackupStory;

beforeEach(async () => {
  harness = new BackupStory();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

describe('a backup that is canceled', () => {
  it.each(heldPhases)('while %s leaves nothing behind (%#)', async (phase, hold) => {
    hold(harness);
    await harness.begin();
    await harness.reach(phase);
    await harness.advance(2_000);
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.spec.cancel = true;
    });
    expect(await harness.end()).toMatchObject({ phase: 'Canceled', failure: { reason: 'Canceled' } });
    expect(harness.inventory()).toEqual(harness.before);
    expect(harness.backup()?.metadata.finalizers).toEqual([]);
  });

  it('before its first pass never starts', async () => {
    await harness.begin((backup) => {
      backup.spec.cancel = true;
    });
    expect(await harness.end()).toMatchObject({ phase: 'Canceled' });
    expect(harness.cluster.state.started).toEqual([]);
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('after its data arrived completes all the same', async () => {
    harness.cluster.hold('collect');
    await harness.begin();
    await harness.reach('CleaningUp');
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.spec.cancel = true;
    });
    harness.cluster.release('collect');
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });

  it('takes its snapshot along when the snapshot controller learns too late that it should', async () => {
    harness.cluster.hold('ready');
    await harness.begin();
    await harness.reach('Staging');
    const { volumeSnapshotContent: name = '' } = harness.backup()!.status!.capture!;
    const policy = (deletionPolicy: 'Delete' | 'Retain'): void => {
      harness.kube.edit(volumeSnapshotContents, { name }, ({ spec }) =>
        Object.assign(spec, { deletionPolicy }),
      );
    };
    policy('Retain');
    harness.kube.reactors.add((kind, before, after) => {
      const isOurs = kind === (volumeSnapshots as Kind<Resource>) && before?.metadata.namespace === APP;
      if (isOurs && after === undefined) policy('Delete');
    });
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.spec.cancel = true;
    });
    expect(await harness.end()).toMatchObject({ phase: 'Canceled' });
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('right after the cut, before that was recorded, takes its snapshot along', async () => {
    harness.cluster.hold('cut');
    await harness.begin();
    await harness.reach('Capturing');
    await harness.stop();
    harness.cluster.release('cut');
    await harness.quiesce();
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.spec.cancel = true;
    });
    await harness.start();
    expect(await harness.end()).toMatchObject({ phase: 'Canceled' });
    expect(harness.inventory()).toEqual(harness.before);
  });
});

describe('a backup that is deleted', () => {
  it.each(heldPhases)('while %s is removed after all of its children (%#)', async (phase, hold) => {
    hold(harness);
    await harness.begin();
    await harness.reach(phase);
    await harness.advance(2_000);
    await harness.kube.client().delete(dataMoverBackups, { namespace: APP, name: 'b1' });
    await harness.until(() => harness.backup() === undefined);
    expect(harness.inventory()).toEqual(harness.before);
  });

  it.each(heldPhases)(
    'while %s against our finalizer leaves nothing behind either (%#)',
    async (phase, hold) => {
      hold(harness);
      await harness.begin();
      await harness.reach(phase);
      await harness.advance(2_000);
      const key = { namespace: APP, name: 'b1' };
      harness.kube.edit(dataMoverBackups, key, (object) => {
        object.metadata.finalizers = [];
      });
      harness.kube.remove(dataMoverBackups, key);
      // A new request of the same name is reconciled as usual.
      harness.cluster.state.script = undefined;
      harness.cluster.release('cut', 'ready', 'provision', 'volsync');
      harness.kube.remove(dataMoverBackups, { namespace: APP, name: 'other' });
      harness.addBackup('b1');
      expect(await harness.end()).toMatchObject({ phase: 'Completed' });
      expect(harness.inventory()).toEqual(harness.before);
    },
  );
});

describe('a backup whose source is deleted', () => {
  const source = { namespace: APP, name: 'data' };
  const others = (): string[] =>
    harness.before.filter((line) => !/app\/data$|PersistentVolume pvc-|storage disk/.test(line));

  it('before it is cut fails at once, in clear words, and leaves nothing behind', async () => {
    harness.cluster.hold('cut');
    await harness.begin();
    await harness.reach('Capturing');
    await harness.advance(2_000);
    harness.kube.remove(persistentVolumeClaims, source);
    const { phase, failure } = await harness.end(10_000);
    expect({ phase, ...failure }).toEqual({
      phase: 'Failed',
      reason: 'SourceNotFound',
      message: 'PersistentVolumeClaim app/data does not exist',
    });
    expect(harness.inventory()).toEqual(others());
  });

  it.each(heldPhases.filter(([phase]) => phase !== 'Capturing'))(
    'while %s, after the cut, has all of its data all the same (%#)',
    async (phase, hold) => {
      hold(harness);
      await harness.begin();
      await harness.reach(phase);
      await harness.advance(2_000);
      harness.kube.remove(persistentVolumeClaims, source);
      await harness.advance(2_000);
      harness.cluster.release('ready', 'provision', 'volsync');
      harness.kube.remove(dataMoverBackups, { namespace: APP, name: 'other' });
      harness.cluster.endRun(harness.child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
      harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
        object.metadata.labels = { touched: 'yes' };
      });
      expect(await harness.end()).toMatchObject({
        phase: 'Completed',
        volume: { pvcName: 'data', capacity: '2Gi' },
      });
    },
  );
});

describe('a backup in a namespace that is being deleted', () => {
  it('fails at once, in the words of the API server', async () => {
    const message = 'volumesnapshots "x" is forbidden: namespace app is being terminated';
    harness.kube.before = ({ verb, kind }) => {
      if (verb !== 'create' || kind.kind !== 'VolumeSnapshot') return;
      const details = { causes: [{ reason: 'NamespaceTerminating' }] };
      const status = { kind: 'Status' as const, details };
      throw new KubeError({ code: 403, reason: 'Forbidden', message, status });
    };
    await harness.begin();
    expect(await harness.end(5_000)).toMatchObject({
      phase: 'Failed',
      failure: { reason: 'InvalidRequest', message: expect.stringContaining(message) },
    });
    expect(harness.inventory()).toEqual(harness.before);
  });
});
