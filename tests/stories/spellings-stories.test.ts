import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { World } from '../fakes/cluster/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.stop());

/** Sets fields of a spec that the types do not have. */
function write(object: { spec: object }, fields: object): void {
  Object.assign(object.spec, fields);
}

describe('a request in the spelling of the published design', () => {
  it('with kind PVC backs the claim up, by the class that the claim asks for', async () => {
    await world.addSource('data', 'precious', (claim) => {
      claim.metadata.annotations = { 'oadp.openshift.io/data-mover-class': 'gold' };
    });
    world.addClass((object) => (object.metadata.name = 'gold'));
    await world.start();
    world.addBackup('b1', (backup) => {
      write(backup, { dataSourceRef: { kind: 'PVC', name: 'data' } });
    });
    await world.until(() => world.backup()?.status?.completionTimestamp !== undefined);
    expect(world.backup()?.status).toMatchObject({ phase: 'Completed', dataMoverClass: 'gold' });
  });

  it('with DataMoverClass is restored by that class', async () => {
    const [source] = world.addRepository('precious');
    world.addDestination();
    world.addClass((object) => (object.metadata.name = 'gold'));
    await world.start();
    world.addRestore('r1', (restore) => {
      write(restore, { source, DataMoverClass: 'gold' });
    });
    await world.until(() => world.restore()?.status?.completionTimestamp !== undefined);
    expect(world.restore()?.status).toMatchObject({ phase: 'Completed', dataMoverClass: 'gold' });
  });
});
