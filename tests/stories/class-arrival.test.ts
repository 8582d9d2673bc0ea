import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { World } from '../fakes/cluster/world.ts';

let world: World;

const phase = (name = 'b1') => world.backup(name)?.status?.phase;

beforeEach(async () => {
  world = new World();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

describe('a class that comes after its first request', () => {
  it.each([{ dataMoverClass: 'volsync' }, {}])('serves it (%j)', async (spec) => {
    world.kube.remove(dataMoverClasses, { name: 'volsync' });
    await world.start();
    world.addBackup('b1', (backup) => Object.assign(backup.spec, spec));
    await world.advance(3_000);
    expect(phase()).toBeUndefined();
    world.addClass();
    await world.quiesce();
    expect(phase()).toBeDefined();
    await world.until(() => phase() === 'Completed');
  });

  it('is not waited for longer than a moment', async () => {
    world.kube.remove(dataMoverClasses, { name: 'volsync' });
    await world.start();
    world.addBackup('b1');
    await world.advance(9_000);
    expect(phase()).toBeUndefined();
    await world.until(() => phase() === 'Failed', 3_000);
    expect(world.backup()?.status?.failure?.reason).toBe('NoClass');
  });
});

describe('a class that changes', () => {
  it('lets those begin at once for which it has more places now', async () => {
    world.kube.remove(dataMoverClasses, { name: 'volsync' });
    world.addClass((object) => Object.assign(object.spec, { limits: { backups: 1 } }));
    world.cluster.state.script = () => ({ end: 'running', lines: ['Starting container'] });
    await world.addSource('other', 'precious too');
    await world.start();
    world.addBackup('b1');
    await world.until(() => phase() === 'Moving');
    world.addBackup('b2', (backup) => {
      backup.spec.dataSourceRef.name = 'other';
    });
    await world.until(() => phase('b2') === 'Queued');
    await world.advance(5_000);
    world.kube.edit(dataMoverClasses, { name: 'volsync' }, (object) => {
      object.spec.limits.backups = 2;
    });
    await world.quiesce();
    expect(world.backup('b2')?.status?.admittedAt).toBeDefined();
  });
});
