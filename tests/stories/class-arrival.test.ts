import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;

const phase = (name = 'b1') => harness.backup(name)?.status?.phase;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

describe('a class that comes after its first request', () => {
  it.each([{ dataMoverClass: 'volsync' }, {}])('serves it (%j)', async (spec) => {
    harness.kube.remove(dataMoverClasses, { name: 'volsync' });
    await harness.start();
    harness.addBackup('b1', (backup) => Object.assign(backup.spec, spec));
    await harness.advance(3_000);
    expect(phase()).toBeUndefined();
    harness.addClass();
    await harness.quiesce();
    expect(phase()).toBeDefined();
    await harness.until(() => phase() === 'Completed');
  });

  it('is not waited for longer than a moment', async () => {
    harness.kube.remove(dataMoverClasses, { name: 'volsync' });
    await harness.start();
    harness.addBackup('b1');
    await harness.advance(9_000);
    expect(phase()).toBeUndefined();
    await harness.until(() => phase() === 'Failed', 3_000);
    expect(harness.backup()?.status?.failure?.reason).toBe('NoClass');
  });
});

describe('a class that changes', () => {
  it('admits queued requests at once when its limits are raised', async () => {
    harness.kube.remove(dataMoverClasses, { name: 'volsync' });
    harness.addClass((object) => Object.assign(object.spec, { limits: { backups: 1 } }));
    harness.cluster.state.script = () => ({ end: 'running', lines: ['Starting container'] });
    await harness.addSource('other', 'precious too');
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => phase() === 'Moving');
    harness.addBackup('b2', (backup) => {
      backup.spec.dataSourceRef.name = 'other';
    });
    await harness.until(() => phase('b2') === 'Queued');
    await harness.advance(5_000);
    harness.kube.edit(dataMoverClasses, { name: 'volsync' }, (object) => {
      object.spec.limits.backups = 2;
    });
    await harness.quiesce();
    expect(harness.backup('b2')?.status?.admittedAt).toBeDefined();
  });
});
