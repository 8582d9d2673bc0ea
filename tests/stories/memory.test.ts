import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const KINDS: readonly Kind<Resource>[] = [dataMoverBackups, dataMoverRestores];

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  harness.addClass((object) => Object.assign(object.spec, { limits: { backups: 1_000, restores: 1_000 } }));
  await harness.start();
});

afterEach(() => harness.stop());

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `r${String(index)}`);
const remembered = (): number => Object.values(harness.remembered()).reduce((sum, count) => sum + count, 0);

async function removeAll(count: number): Promise<void> {
  const client = harness.kube.client('admin');
  for (const name of names(count)) {
    await client.delete(dataMoverBackups, { namespace: APP, name });
    await client.delete(dataMoverRestores, { namespace: APP, name });
  }
  await harness.until(() => KINDS.every((kind) => harness.kube.peekAll(kind).length === 0), 600_000);
  await harness.until(() => remembered() === 0);
}

describe('the memory of a controller', () => {
  it('contains nothing about 1,000 requests that have ended and were deleted', async () => {
    for (const name of names(500)) {
      // Their claims do not exist.
      harness.addBackup(name, ({ spec }) => (spec.dataSourceRef.name = `missing-${name}`));
      harness.addRestore(name, ({ spec }) => Object.assign(spec, { dataMoverClass: 'missing' }));
    }
    await harness.until(() =>
      harness.kube.peekAll(dataMoverBackups).every(({ status }) => status?.phase === 'Failed'),
    );
    expect(remembered()).toBeGreaterThan(500);
    await removeAll(500);
    expect(remembered()).toBe(0);
  }, 120_000);

  it('contains nothing about requests that were deleted while they were active', async () => {
    harness.cluster.hold('cut');
    await harness.addSource('data', 'precious');
    for (const name of names(20)) {
      harness.addBackup(name);
      harness.addRestore(name, ({ spec }) => Object.assign(spec, { dataMoverClass: 'missing' }));
    }
    await harness.advance(5_000);
    expect(remembered()).toBeGreaterThan(20);
    await removeAll(20);
    expect(remembered()).toBe(0);
  });
});
