import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, persistentVolumes } from '../../api/kubernetes/core.ts';
import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const SOURCE = { namespace: APP, name: 'data' };
const classOf = (name: string) => harness.kube.peek(dataMoverClasses, { name });
const matchedBy = (name: string) => classOf(name)?.status?.matchedClaims;
const makeBlock = () =>
  harness.kube.edit(persistentVolumeClaims, SOURCE, ({ spec }) => void (spec.volumeMode = 'Block'));

function limit(volumes: DataMoverClassSpec['volumes']): void {
  harness.kube.edit(
    dataMoverClasses,
    { name: 'volsync' },
    ({ spec }) => void Object.assign(spec, { volumes }),
  );
}

/** Adds the class of the harness under another name: not a default class, or a default class that is older than that of the harness. */
function addClass(name: string, volumes: DataMoverClassSpec['volumes'], isDefault = false): void {
  harness.addClass(({ metadata, spec }) => {
    metadata.name = name;
    metadata.annotations = isDefault ? { [annotations.defaultClass]: 'true' } : {};
    if (volumes !== undefined) spec.volumes = volumes;
  });
  harness.kube.edit(dataMoverClasses, { name }, ({ metadata }) => {
    metadata.creationTimestamp = '2000-01-01T00:00:00Z';
  });
}

async function endOf() {
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
  return harness.backup()!.status!;
}

describe('the status of a class', () => {
  it('has what its mover can do, written once', async () => {
    await harness.start();
    await harness.quiesce();
    expect(classOf('volsync')?.status?.capabilities).toEqual({
      volumeModes: ['Filesystem'],
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'],
    });
    await harness.advance(120_000);
    const writes = harness.kube.calls.filter(
      ({ verb, kind }) => verb === 'applyStatus' && kind.kind === 'DataMoverClass',
    );
    expect(writes).toHaveLength(1);
  });

  it.each([
    [
      'its mover cannot move a mode that it names',
      { volumeModes: ['Block' as const] },
      'spec.volumes.volumeModes has Block, which mover VolSync cannot move',
    ],
    ['its largest size is none', { maxSize: '9Ei' }, 'spec.volumes.maxSize "9Ei" is not a size below 8Ei'],
  ])('reports InvalidConfig if %s', async (_, volumes, why) => {
    harness.cluster.hasOldSchemas = true;
    limit(volumes);
    await harness.start();
    await harness.quiesce();
    expect(classOf('volsync')?.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Accepted',
        status: 'False',
        reason: 'InvalidConfig',
        message: expect.stringContaining(why),
      }),
    );
  });

  it('counts only claims that the class takes, and follows their volumes', async () => {
    limit({ maxSize: '2Gi', drivers: ['csi.example.com'] });
    await harness.start();
    await harness.quiesce();
    expect(matchedBy('volsync')).toBe(1);
    const volume = harness.kube.peek(persistentVolumeClaims, SOURCE)?.spec.volumeName ?? '';
    const resize = (storage: string) =>
      harness.kube.edit(
        persistentVolumes,
        { name: volume },
        ({ spec }) => void (spec.capacity = { storage }),
      );
    resize('5Gi');
    await harness.until(() => matchedBy('volsync') === 0, 15_000);
    resize('2Gi');
    await harness.until(() => matchedBy('volsync') === 1, 15_000);
  });
});

describe('a backup that names no class', () => {
  it('gets the class that takes its volume', async () => {
    limit({ storageClassNames: ['other'] });
    addClass('fitting', { drivers: ['csi.example.com'] }, true);
    await harness.start();
    harness.addBackup('b1');
    expect(await endOf()).toMatchObject({ phase: 'Completed', dataMoverClass: 'fitting' });
  });

  it('fails with the reason of each class if none takes its volume, and creates nothing', async () => {
    makeBlock();
    await harness.start();
    await harness.until(() => classOf('volsync')?.status?.capabilities !== undefined);
    const before = harness.inventory();
    harness.addBackup('b1');
    const { phase, failure } = await endOf();
    expect(phase).toBe('Failed');
    expect(failure).toEqual({
      reason: 'NoClass',
      message:
        'no DataMoverClass takes PersistentVolumeClaim app/data: volsync: its volumeMode is Block, which mover VolSync cannot move; its data is not moved',
    });
    expect(harness.inventory()).toEqual(before);
  });

  it('is rejected by its mover if the class has no capabilities in its status yet', async () => {
    makeBlock();
    harness.kube.before = ({ verb, kind }) => {
      if (verb === 'applyStatus' && kind.kind === 'DataMoverClass') throw new Error('not now');
    };
    await harness.start();
    harness.addBackup('b1');
    expect((await endOf()).failure?.reason).toBe('UnsupportedVolumeMode');
  });
});

describe('a backup that names a class', () => {
  it.each<[string, DataMoverClassSpec['volumes'], string]>([
    ['storage class', { storageClassNames: ['other'] }, 'spec.volumes.storageClassNames'],
    ['driver', { drivers: ['other.example.com'] }, 'spec.volumes.drivers'],
    ['size', { maxSize: '1' }, 'spec.volumes.maxSize of the class is 1'],
    ['mode', { volumeModes: ['Block'] }, 'spec.volumes.volumeModes of the class is Block'],
  ])('fails and creates nothing if the class excludes its %s', async (_, volumes, why) => {
    addClass('choosy', volumes);
    await harness.start();
    await harness.quiesce();
    const before = harness.inventory();
    harness.addBackup('b1', ({ spec }) => void (spec.dataMoverClass = 'choosy'));
    const { phase, failure } = await endOf();
    expect(phase).toBe('Failed');
    expect(failure?.reason).toBe('VolumeNotTaken');
    expect(failure?.message).toMatch(
      /^DataMoverClass choosy does not take PersistentVolumeClaim app\/data: /,
    );
    expect(failure?.message).toContain(why);
    expect(failure?.message).toMatch(
      /name a class that does in spec\.dataMoverClass, or change spec\.volumes/,
    );
    expect(harness.inventory()).toEqual(before);
  });
});

describe('a restore', () => {
  it('is served by the class of its record, even if that class now excludes its volume', async () => {
    limit({ storageClassNames: ['other'], maxSize: '1' });
    harness.addDestination();
    await harness.start();
    const [source] = harness.addRepository('precious');
    harness.addRestore('r1', ({ spec }) => void (spec.source = { ...source, dataMoverClass: 'volsync' }));
    await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined);
    expect(harness.restore()?.status?.phase).toBe('Completed');
  });

  it('whose recorded class does not exist gets a class whose mover can write its volume', async () => {
    limit({ volumeModes: ['Block'] });
    addClass('files', { storageClassNames: ['other'] }, true);
    harness.addDestination();
    await harness.start();
    const [source] = harness.addRepository('precious');
    harness.addRestore('r1', ({ spec }) => void (spec.source = { ...source, dataMoverClass: 'lost' }));
    await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Completed', dataMoverClass: 'files' });
  });
});
