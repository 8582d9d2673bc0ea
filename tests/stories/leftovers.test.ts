import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;
let before: string[];

const b1 = { namespace: APP, name: 'b1' };
const child = (): string => childName('backup', harness.backup()?.metadata.uid ?? '');
const phase = (name = 'b1') => harness.backup(name)?.status?.phase;
const cleanedUp = () => harness.backup()?.status?.conditions?.find(({ type }) => type === 'CleanedUp');
const warnings = (): string[] =>
  harness.reports.filter(({ reason }) => reason === 'DataMoverWarning').map(({ message }) => message);

function setClass(spec: { [K in 'limits' | 'deadlines']?: Partial<DataMoverClassSpec[K]> }): void {
  if (harness.kube.peek(dataMoverClasses, { name: 'volsync' }) !== undefined)
    harness.kube.remove(dataMoverClasses, { name: 'volsync' });
  harness.addClass((object) => Object.assign(object.spec, spec));
}

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
  before = harness.inventory();
});

afterEach(() => harness.stop());

/** Runs a backup to its end while `duty` is blocked. */
async function leaveBehind(duty: 'reclaim' | 'collect' | 'release claims'): Promise<void> {
  harness.cluster.hold(duty);
  await harness.start();
  harness.addBackup('b1');
  await harness.until(() => phase() === 'CleaningUp');
  await harness.advance(290_000, 10_000);
  expect(phase()).toBe('CleaningUp');
  await harness.until(() => phase() === 'Completed', 20_000);
}

describe('what storage does not delete', () => {
  it('keeps no good backup from completing, and is named in a condition and in an Event', async () => {
    await leaveBehind('reclaim');
    expect(cleanedUp()).toMatchObject({
      status: 'False',
      reason: 'LeftBehind',
      message: expect.stringMatching(/PersistentVolume pvc-/),
    });
    expect(warnings()).toEqual([expect.stringMatching(/could not be deleted.*PersistentVolume pvc-/)]);
  });

  it('is removed as soon as the storage can delete it, even after a restart', async () => {
    await leaveBehind('reclaim');
    await harness.stop();
    await harness.start();
    await harness.advance(120_000, 10_000);
    expect(harness.backup()?.metadata.finalizers).toHaveLength(1);
    harness.cluster.release('reclaim');
    await harness.until(() => cleanedUp()?.status === 'True', 70_000);
    expect(harness.inventory()).toEqual(before);
    expect(harness.backup()).toMatchObject({ status: { phase: 'Completed' }, metadata: { finalizers: [] } });
    expect(warnings()).toHaveLength(1);
  });

  it.each(['release claims', 'collect'] as const)(
    'does not block the rest of the cleanup (%s)',
    async (duty) => {
      await leaveBehind(duty);
      const volume = harness.kube.peek(persistentVolumeClaims, { namespace: 'velero', name: child() });
      expect(volume?.metadata.deletionTimestamp ?? 'gone').toBeTruthy();
      harness.cluster.release(duty);
      await harness.until(() => cleanedUp()?.status === 'True', 70_000);
      expect(harness.inventory()).toEqual(before);
    },
  );

  it('does not block the slot of the next backup after the cleanup deadline', async () => {
    setClass({ limits: { backups: 1 } });
    await harness.addSource('other', 'precious too');
    harness.cluster.hold('reclaim');
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => phase() === 'CleaningUp');
    harness.addBackup('b2', (object) => {
      object.spec.dataSourceRef.name = 'other';
    });
    await harness.advance(200_000, 10_000);
    expect(phase('b2')).toBe('Queued');
    await harness.until(() => harness.backup('b2')?.status?.result !== undefined, 200_000);
  });

  it('does not block the deletion of a request for ever', async () => {
    await leaveBehind('reclaim');
    await harness.kube.client().delete(dataMoverBackups, b1);
    await harness.advance(200_000, 10_000);
    expect(harness.backup()).toBeDefined();
    await harness.until(() => harness.backup() === undefined, 200_000);
    expect(warnings().at(-1)).toMatch(/PersistentVolume pvc-/);
  });

  it('blocks the completion only until the cleanup deadline of the class', async () => {
    setClass({ deadlines: { cleanUpSeconds: 30 } });
    harness.cluster.hold('reclaim');
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => phase() === 'CleaningUp');
    await harness.until(() => phase() === 'Completed', 40_000);
  });
});

describe('a clean-up that the API server refuses', () => {
  it('ends at its deadline, reports why, and continues when it is allowed', async () => {
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'delete' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'claims may not be deleted' });
    };
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => phase() === 'Completed', 800_000);
    expect(cleanedUp()).toMatchObject({
      reason: 'LeftBehind',
      message: expect.stringContaining('claims may not be deleted'),
    });
    harness.kube.restart();
    await harness.until(() => cleanedUp()?.status === 'True', 70_000);
    expect(harness.inventory()).toEqual(before);
  });
});

describe('a transfer', () => {
  it('fails at the total deadline even if it makes progress', async () => {
    setClass({ deadlines: { totalSeconds: 600 } });
    harness.cluster.state.script = () => ({ end: 'running', lines: ['Starting container'] });
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => harness.cluster.state.started.length > 0);
    for (let minute = 1; minute < 10; minute++) {
      await harness.advance(60_000, 30_000);
      harness.cluster.say(
        child(),
        `[0:10] ${minute} files ${minute}.000 KiB, total 56 files 2.000 MiB, 0 errors`,
      );
      expect(phase()).toBe('Moving');
    }
    await harness.until(() => phase() === 'Failed', 70_000);
    expect(harness.backup()?.status?.failure).toMatchObject({
      reason: 'DeadlineExceeded',
      message: expect.stringMatching(/^not done 600 s after admission: /),
    });
    expect(harness.inventory()).toEqual(before);
  });
});
