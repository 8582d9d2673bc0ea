import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const key = { name: 'volsync' };

let harness: ControllerHarness;

const theClass = () => harness.kube.peek(dataMoverClasses, key);
const ready = () => theClass()?.status?.conditions?.find(({ type }) => type === 'Ready');
const phase = (name = 'b1') => harness.backup(name)?.status?.phase;
const deleteClass = () => harness.kube.client('admin').delete(dataMoverClasses, key);
const isGone = () => theClass() === undefined;

beforeEach(() => {
  harness = new ControllerHarness();
});

afterEach(() => harness.stop());

/** Starts a backup that runs until the returned function ends its mover. */
async function runningBackup(): Promise<() => void> {
  await harness.addSource('data', 'precious');
  harness.cluster.hold('volsync');
  await harness.start();
  harness.addBackup('b1');
  await harness.until(() => phase() === 'Moving');
  return () => {
    harness.cluster.release('volsync');
  };
}

describe('a class that is deleted', () => {
  it('is removed within seconds if no request uses it', async () => {
    await harness.start();
    await harness.quiesce();
    expect(theClass()?.metadata.finalizers).toEqual([FINALIZER]);
    await deleteClass();
    await harness.until(isGone, 10_000);
  });

  it('names the requests that use it, and is removed when they have ended', async () => {
    const end = await runningBackup();
    await harness.advance(12_000);
    expect(theClass()?.status?.inUse).toEqual({ requests: 1, names: [`DataMoverBackup ${APP}/b1`] });
    await deleteClass();
    await harness.advance(30_000);
    expect(ready()).toMatchObject({
      status: 'False',
      reason: 'Deleting',
      message: `the class is being deleted and serves no new requests; it is removed when these requests have ended: DataMoverBackup ${APP}/b1`,
    });
    expect(harness.reports.at(-1)).toMatchObject({ type: 'Warning', reason: 'DataMoverClassNotReady' });
    end();
    await harness.until(() => phase() === 'Completed');
    await harness.until(isGone, 10_000);
    expect(harness.backup()?.status?.result?.snapshotID).toBeDefined();
  });

  it('serves no new requests, so that its deletion always ends', async () => {
    const end = await runningBackup();
    await deleteClass();
    harness.addBackup('late', (backup) => {
      backup.spec.dataMoverClass = 'volsync';
    });
    harness.addBackup('unnamed');
    await harness.until(() => phase('late') === 'Failed' && phase('unnamed') === 'Failed');
    expect(harness.backup('late')?.status?.failure).toEqual({
      reason: 'ClassNotFound',
      message: 'the request names DataMoverClass volsync, which is being deleted; name another one',
    });
    expect(harness.backup('unnamed')?.status?.failure?.reason).toBe('NoClass');
    expect(phase()).toBe('Moving');
    end();
    await harness.until(isGone);
    expect(phase()).toBe('Completed');
  });

  it('serves those that have it after a restart too', async () => {
    const end = await runningBackup();
    await deleteClass();
    await harness.advance(3_000);
    await harness.stop();
    await harness.start();
    await harness.advance(30_000);
    expect(phase()).toBe('Moving');
    end();
    await harness.until(isGone);
    expect(phase()).toBe('Completed');
  });

  it('is used by what has not ended, and by nothing else', async () => {
    await harness.addSource('data', 'precious');
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => phase() === 'Completed');
    await harness.advance(12_000);
    expect(theClass()?.status?.inUse).toBeUndefined();
    await deleteClass();
    await harness.until(isGone, 10_000);
    expect(harness.backup()?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('names the first ten of many', async () => {
    harness.addClass((object) => Object.assign(object.spec, { limits: { backups: 1 } }));
    const end = await runningBackup();
    for (let i = 2; i <= 12; i++) harness.addBackup(`b${String(i)}`);
    await harness.until(() => theClass()?.status?.inUse?.requests === 12, 60_000);
    expect(theClass()?.status?.inUse?.names).toHaveLength(10);
    await deleteClass();
    await harness.advance(3_000);
    expect(ready()?.message).toMatch(/ and 2 more$/);
    for (const { metadata } of harness.kube.peekAll(dataMoverBackups)) {
      const { namespace = '', name } = metadata;
      await harness.kube
        .client('admin')
        .mergePatch(dataMoverBackups, { namespace, name }, { spec: { cancel: true } });
    }
    end();
    await harness.until(isGone);
  });
});
