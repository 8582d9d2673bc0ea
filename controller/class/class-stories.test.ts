import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataMoverClasses } from '../../api/v1alpha1/kinds.ts';
import { World } from '../../tests/fakes/cluster/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.stop());

const key = { name: 'volsync' };
const statusOf = () => world.kube.peek(dataMoverClasses, key)?.status;
const change = (spec: Record<string, unknown>) =>
  world.kube.client('admin').mergePatch(dataMoverClasses, key, { spec });
const writes = () => world.kube.calls.filter(({ verb }) => verb === 'applyStatus').length;
const eventsOnClass = () =>
  world.reports
    .filter(({ targets }) => targets.some(({ kind }) => kind === 'DataMoverClass'))
    .map(({ type, reason }) => `${type} ${reason}`);

describe('a class', () => {
  it('says that it can be used, once', async () => {
    await world.start();
    await world.quiesce();
    expect(statusOf()).toEqual({
      observedGeneration: world.kube.peek(dataMoverClasses, key)?.metadata.generation,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Done',
          message: 'mover VolSync serves it',
          observedGeneration: world.kube.peek(dataMoverClasses, key)?.metadata.generation,
          lastTransitionTime: expect.any(String),
        },
      ],
    });
    await world.advance(60_000);
    await world.stop();
    await world.start();
    await world.advance(60_000);
    expect(writes()).toBe(1);
    // Nobody waits for the news that all is as it should be.
    expect(eventsOnClass()).toEqual([]);
  });

  it.each([
    ['its selector cannot be read', { selector: 'tier=gold,,' }, 'spec.selector'],
    ['its mover does not know a setting', { config: { nonsense: true } }, 'nonsense'],
    ['the prefix is no path', { config: { repositoryPrefix: '../..' } }, 'config.repositoryPrefix'],
    [
      'the settings for one StorageClass cannot be used',
      { storageClasses: { slow: { config: { repositoryPrefix: 'elsewhere' } } } },
      'spec.storageClasses',
    ],
  ])('says that it cannot be used when %s, and when it can again', async (_, wrong, named) => {
    await world.start();
    await world.quiesce();
    await change(wrong);
    await world.quiesce();
    const { generation } = world.kube.peek(dataMoverClasses, key)?.metadata ?? {};
    expect(statusOf()).toMatchObject({
      observedGeneration: generation,
      conditions: [{ status: 'False', reason: 'InvalidConfig', message: expect.stringContaining(named) }],
    });
    await change(Object.fromEntries(Object.keys(wrong).map((field) => [field, null])));
    await world.quiesce();
    expect(statusOf()?.conditions).toMatchObject([{ status: 'True' }]);
    expect(eventsOnClass()).toEqual(['Warning DataMoverClassNotReady', 'Normal DataMoverClassReady']);
  });

  it("of somebody else's mover is left alone", async () => {
    world.addClass((object) => {
      object.metadata.name = 'foreign';
      object.spec.mover = 'Vendor';
    });
    await world.start();
    await world.quiesce();
    expect(world.kube.peek(dataMoverClasses, { name: 'foreign' })?.status).toBeUndefined();
  });
});
