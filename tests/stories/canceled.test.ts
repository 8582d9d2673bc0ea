import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataMoverBackups, dataMoverClasses, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** A request that its owner has canceled or deleted ends as Canceled, even if its class is invalid. */

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const trouble: [string, () => void][] = [
  ['is gone', () => harness.kube.remove(dataMoverClasses, { name: 'volsync' })],
  [
    'is broken',
    () =>
      harness.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ spec }) => {
        spec.config = { nonsense: true };
      }),
  ],
];

const requests = {
  backup: {
    kind: dataMoverBackups as Kind<Resource>,
    key: { namespace: APP, name: 'b1' },
    add: (cancel: boolean) =>
      void harness.addBackup('b1', ({ spec }) => void Object.assign(spec, cancel && { cancel })),
    status: () => harness.backup()?.status,
    phases: { Capturing: 'cut', Staging: 'ready', Moving: 'volsync' },
  },
  restore: {
    kind: dataMoverRestores as Kind<Resource>,
    key: { namespace: APP, name: 'r1' },
    add: (cancel: boolean) => {
      const [source] = harness.addRepository('precious');
      harness.addDestination();
      harness.addRestore('r1', ({ spec }) => void Object.assign(spec, { source }, cancel && { cancel }));
    },
    status: () => harness.restore()?.status,
    phases: { Staging: 'provision', Moving: 'volsync' },
  },
} as const;

describe.each(['backup', 'restore'] as const)('a canceled %s', (name) => {
  const { kind, key, add, status, phases } = requests[name];

  describe.each(trouble)('whose class %s', (_, spoil) => {
    it('ends as Canceled if no step has started', async () => {
      await harness.start();
      spoil();
      add(true);
      await harness.until(() => status()?.phase !== undefined, 1_000);
      expect(status()).toMatchObject({
        phase: 'Canceled',
        failure: { reason: 'Canceled', message: 'canceled by spec.cancel' },
      });
    });

    it.each(Object.entries(phases))('ends as Canceled when it is %s', async (phase, duty) => {
      const before = harness.inventory();
      if (name === 'restore') harness.cluster.release(duty);
      harness.cluster.hold(duty);
      await harness.start();
      add(false);
      await harness.until(() => status()?.phase === phase);
      await harness.stop();
      spoil();
      await harness.kube.client().mergePatch(kind, key, { spec: { cancel: true } });
      harness.cluster.release(duty);
      await harness.start();
      await harness.until(() => status()?.completionTimestamp !== undefined);
      expect(status()).toMatchObject({
        phase: 'Canceled',
        failure: { reason: 'Canceled', message: 'canceled by spec.cancel' },
      });
      if (name === 'backup') expect(harness.inventory()).toEqual(before);
    });
  });
});

it('a canceled restore that waits for its record ends at once', async () => {
  await harness.start();
  harness.addRestore('r1', ({ spec }) => (spec.cancel = true));
  await harness.until(() => harness.restore()?.status?.phase !== undefined, 1_000);
  expect(harness.restore()?.status?.phase).toBe('Canceled');
});

it('a backup that is deleted ends as Canceled even if its class no longer exists', async () => {
  harness.cluster.hold('ready');
  await harness.start();
  harness.addBackup('b1');
  await harness.until(() => harness.backup()?.status?.phase === 'Staging');
  await harness.stop();
  harness.kube.remove(dataMoverClasses, { name: 'volsync' });
  await harness.kube.client().delete(dataMoverBackups, { namespace: APP, name: 'b1' });
  await harness.start();
  await harness.until(() => harness.backup() === undefined);
  expect(harness.reports.map(({ reason }) => reason)).toContain('DataMoverCanceled');
  expect(harness.reports.map(({ reason }) => reason)).not.toContain('DataMoverFailed');
});
