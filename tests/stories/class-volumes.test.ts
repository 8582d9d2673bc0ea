import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, persistentVolumes } from '../../api/kubernetes/core.ts';
import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, World } from '../fakes/cluster/world.ts';

let world: World;

beforeEach(async () => {
  world = new World();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

const SOURCE = { namespace: APP, name: 'data' };
const classOf = (name: string) => world.kube.peek(dataMoverClasses, { name });
const matchedBy = (name: string) => classOf(name)?.status?.matchedClaims;
const makeBlock = () =>
  world.kube.edit(persistentVolumeClaims, SOURCE, ({ spec }) => void (spec.volumeMode = 'Block'));

function limit(volumes: DataMoverClassSpec['volumes']): void {
  world.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ spec }) => void Object.assign(spec, { volumes }));
}

/** Adds the world's class under another name: not a default class, or a default class that is older than the world's. */
function addClass(name: string, volumes: DataMoverClassSpec['volumes'], isDefault = false): void {
  world.addClass(({ metadata, spec }) => {
    metadata.name = name;
    metadata.annotations = isDefault ? { [annotations.defaultClass]: 'true' } : {};
    if (volumes !== undefined) spec.volumes = volumes;
  });
  world.kube.edit(dataMoverClasses, { name }, ({ metadata }) => {
    metadata.creationTimestamp = '2000-01-01T00:00:00Z';
  });
}

async function endOf() {
  await world.until(() => world.backup()?.status?.completionTimestamp !== undefined);
  return world.backup()!.status!;
}

describe('the status of a class', () => {
  it('has what its mover can do, written once', async () => {
    await world.start();
    await world.quiesce();
    expect(classOf('volsync')?.status?.capabilities).toEqual({
      volumeModes: ['Filesystem'],
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'],
    });
    await world.advance(120_000);
    const writes = world.kube.calls.filter(
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
  ])('says that it cannot be used when %s', async (_, volumes, why) => {
    world.cluster.hasOldSchemas = true;
    limit(volumes);
    await world.start();
    await world.quiesce();
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
    await world.start();
    await world.quiesce();
    expect(matchedBy('volsync')).toBe(1);
    const volume = world.kube.peek(persistentVolumeClaims, SOURCE)?.spec.volumeName ?? '';
    const resize = (storage: string) =>
      world.kube.edit(persistentVolumes, { name: volume }, ({ spec }) => void (spec.capacity = { storage }));
    resize('5Gi');
    await world.until(() => matchedBy('volsync') === 0, 15_000);
    resize('2Gi');
    await world.until(() => matchedBy('volsync') === 1, 15_000);
  });
});

describe('a backup that names no class', () => {
  it('gets the class that takes its volume', async () => {
    limit({ storageClassNames: ['other'] });
    addClass('fitting', { drivers: ['csi.example.com'] }, true);
    await world.start();
    world.addBackup('b1');
    expect(await endOf()).toMatchObject({ phase: 'Completed', dataMoverClass: 'fitting' });
  });

  it('fails, with the reason of each class, where none takes its volume, before anything is made', async () => {
    makeBlock();
    await world.start();
    await world.until(() => classOf('volsync')?.status?.capabilities !== undefined);
    const before = world.inventory();
    world.addBackup('b1');
    const { phase, failure } = await endOf();
    expect(phase).toBe('Failed');
    expect(failure).toEqual({
      reason: 'NoClass',
      message:
        'no DataMoverClass takes PersistentVolumeClaim app/data: volsync: its volumeMode is Block, which mover VolSync cannot move; its data is not moved',
    });
    expect(world.inventory()).toEqual(before);
  });

  it('is refused by its mover where nothing is known of the class yet, as before', async () => {
    makeBlock();
    world.kube.before = ({ verb, kind }) => {
      if (verb === 'applyStatus' && kind.kind === 'DataMoverClass') throw new Error('not now');
    };
    await world.start();
    world.addBackup('b1');
    expect((await endOf()).failure?.reason).toBe('UnsupportedVolumeMode');
  });
});

describe('a backup that names a class', () => {
  it.each<[string, DataMoverClassSpec['volumes'], string]>([
    ['storage class', { storageClassNames: ['other'] }, 'spec.volumes.storageClassNames'],
    ['driver', { drivers: ['other.example.com'] }, 'spec.volumes.drivers'],
    ['size', { maxSize: '1' }, 'spec.volumes.maxSize of the class is 1'],
    ['mode', { volumeModes: ['Block'] }, 'spec.volumes.volumeModes of the class is Block'],
  ])('fails before anything is made where the class excludes its %s', async (_, volumes, why) => {
    addClass('choosy', volumes);
    await world.start();
    await world.quiesce();
    const before = world.inventory();
    world.addBackup('b1', ({ spec }) => void (spec.dataMoverClass = 'choosy'));
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
    expect(world.inventory()).toEqual(before);
  });
});

describe('a restore', () => {
  it('is served by the class of its record, whatever that takes now', async () => {
    limit({ storageClassNames: ['other'], maxSize: '1' });
    world.addDestination();
    await world.start();
    const [source] = world.addRepository('precious');
    world.addRestore('r1', ({ spec }) => void (spec.source = { ...source, dataMoverClass: 'volsync' }));
    await world.until(() => world.restore()?.status?.completionTimestamp !== undefined);
    expect(world.restore()?.status?.phase).toBe('Completed');
  });

  it('without a class of its own gets one whose mover can write its volume', async () => {
    limit({ volumeModes: ['Block'] });
    addClass('files', { storageClassNames: ['other'] }, true);
    world.addDestination();
    await world.start();
    const [source] = world.addRepository('precious');
    world.addRestore('r1', ({ spec }) => void (spec.source = { ...source, dataMoverClass: 'lost' }));
    await world.until(() => world.restore()?.status?.completionTimestamp !== undefined);
    expect(world.restore()?.status).toMatchObject({ phase: 'Completed', dataMoverClass: 'files' });
  });
});
