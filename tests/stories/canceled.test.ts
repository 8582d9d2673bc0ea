import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataMoverBackups, dataMoverClasses, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { APP, World } from '../fakes/cluster/world.ts';

/** A request that its owner has canceled or deleted ends as Canceled, even if its class is invalid. */

let world: World;

beforeEach(async () => {
  world = new World();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

const trouble: [string, () => void][] = [
  ['is gone', () => world.kube.remove(dataMoverClasses, { name: 'volsync' })],
  [
    'is broken',
    () =>
      world.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ spec }) => {
        spec.config = { nonsense: true };
      }),
  ],
];

const requests = {
  backup: {
    kind: dataMoverBackups as Kind<Resource>,
    key: { namespace: APP, name: 'b1' },
    add: (cancel: boolean) =>
      void world.addBackup('b1', ({ spec }) => void Object.assign(spec, cancel && { cancel })),
    status: () => world.backup()?.status,
    phases: { Capturing: 'cut', Staging: 'ready', Moving: 'volsync' },
  },
  restore: {
    kind: dataMoverRestores as Kind<Resource>,
    key: { namespace: APP, name: 'r1' },
    add: (cancel: boolean) => {
      const [source] = world.addRepository('precious');
      world.addDestination();
      world.addRestore('r1', ({ spec }) => void Object.assign(spec, { source }, cancel && { cancel }));
    },
    status: () => world.restore()?.status,
    phases: { Staging: 'provision', Moving: 'volsync' },
  },
} as const;

describe.each(['backup', 'restore'] as const)('a canceled %s', (name) => {
  const { kind, key, add, status, phases } = requests[name];

  describe.each(trouble)('whose class %s', (_, spoil) => {
    it('ends as Canceled when nothing was begun', async () => {
      await world.start();
      spoil();
      add(true);
      await world.until(() => status()?.phase !== undefined, 1_000);
      expect(status()).toMatchObject({
        phase: 'Canceled',
        failure: { reason: 'Canceled', message: 'canceled by spec.cancel' },
      });
    });

    it.each(Object.entries(phases))('ends as Canceled when it is %s', async (phase, duty) => {
      const before = world.inventory();
      if (name === 'restore') world.cluster.release(duty);
      world.cluster.hold(duty);
      await world.start();
      add(false);
      await world.until(() => status()?.phase === phase);
      await world.stop();
      spoil();
      await world.kube.client().mergePatch(kind, key, { spec: { cancel: true } });
      world.cluster.release(duty);
      await world.start();
      await world.until(() => status()?.completionTimestamp !== undefined);
      expect(status()).toMatchObject({
        phase: 'Canceled',
        failure: { reason: 'Canceled', message: 'canceled by spec.cancel' },
      });
      if (name === 'backup') expect(world.inventory()).toEqual(before);
    });
  });
});

it('a canceled restore that waits for its record ends at once', async () => {
  await world.start();
  world.addRestore('r1', ({ spec }) => (spec.cancel = true));
  await world.until(() => world.restore()?.status?.phase !== undefined, 1_000);
  expect(world.restore()?.status?.phase).toBe('Canceled');
});

it('a backup that was deleted while its class went ends as Canceled', async () => {
  world.cluster.hold('ready');
  await world.start();
  world.addBackup('b1');
  await world.until(() => world.backup()?.status?.phase === 'Staging');
  await world.stop();
  world.kube.remove(dataMoverClasses, { name: 'volsync' });
  await world.kube.client().delete(dataMoverBackups, { namespace: APP, name: 'b1' });
  await world.start();
  await world.until(() => world.backup() === undefined);
  expect(world.reports.map(({ reason }) => reason)).toContain('DataMoverCanceled');
  expect(world.reports.map(({ reason }) => reason)).not.toContain('DataMoverFailed');
});
