import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { World } from '../../tests/fakes/cluster/world.ts';

let world: World;

beforeEach(async () => {
  world = new World();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

describe('a backup', () => {
  it('moves the data and leaves nothing behind', async () => {
    await world.start();
    world.addBackup('b1');
    await world.until(() => world.backup()?.status?.phase === 'Completed');
    console.log(JSON.stringify(world.backup(), null, 1));
    console.log(
      world.kube
        .writeCalls()
        .map((c) => `${c.verb} ${c.kind.kind} ${c.key?.namespace}/${c.key?.name}`)
        .join('\n'),
      world.reports,
    );
    expect(1).toBe(1);
  });
});
