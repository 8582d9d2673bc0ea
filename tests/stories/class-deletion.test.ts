import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, World } from '../fakes/cluster/world.ts';

const key = { name: 'volsync' };

let world: World;

const theClass = () => world.kube.peek(dataMoverClasses, key);
const ready = () => theClass()?.status?.conditions?.find(({ type }) => type === 'Ready');
const phase = (name = 'b1') => world.backup(name)?.status?.phase;
const deleteClass = () => world.kube.client('admin').delete(dataMoverClasses, key);
const isGone = () => theClass() === undefined;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.stop());

/** Starts a backup that runs until the returned function ends its mover. */
async function runningBackup(): Promise<() => void> {
  await world.addSource('data', 'precious');
  world.cluster.hold('volsync');
  await world.start();
  world.addBackup('b1');
  await world.until(() => phase() === 'Moving');
  return () => {
    world.cluster.release('volsync');
  };
}

describe('a class that is deleted', () => {
  it('goes within seconds when nobody uses it', async () => {
    await world.start();
    await world.quiesce();
    expect(theClass()?.metadata.finalizers).toEqual([FINALIZER]);
    await deleteClass();
    await world.until(isGone, 10_000);
  });

  it('stays for those who have it, says who they are, and goes after them', async () => {
    const end = await runningBackup();
    await world.advance(12_000);
    expect(theClass()?.status?.inUse).toEqual({ requests: 1, names: [`DataMoverBackup ${APP}/b1`] });
    await deleteClass();
    await world.advance(30_000);
    expect(ready()).toMatchObject({
      status: 'False',
      reason: 'Deleting',
      message: `it is being deleted and serves no new requests; it goes when these have ended: DataMoverBackup ${APP}/b1`,
    });
    expect(world.reports.at(-1)).toMatchObject({ type: 'Warning', reason: 'DataMoverClassNotReady' });
    end();
    await world.until(() => phase() === 'Completed');
    await world.until(isGone, 10_000);
    expect(world.backup()?.status?.result?.snapshotID).toBeDefined();
  });

  it('serves no new requests, so that nobody can keep it for ever', async () => {
    const end = await runningBackup();
    await deleteClass();
    world.addBackup('late', (backup) => {
      backup.spec.dataMoverClass = 'volsync';
    });
    world.addBackup('unnamed');
    await world.until(() => phase('late') === 'Failed' && phase('unnamed') === 'Failed');
    expect(world.backup('late')?.status?.failure).toEqual({
      reason: 'ClassNotFound',
      message: 'the request names DataMoverClass volsync, which is being deleted; name another one',
    });
    expect(world.backup('unnamed')?.status?.failure?.reason).toBe('NoClass');
    expect(phase()).toBe('Moving');
    end();
    await world.until(isGone);
    expect(phase()).toBe('Completed');
  });

  it('serves those that have it after a restart too', async () => {
    const end = await runningBackup();
    await deleteClass();
    await world.advance(3_000);
    await world.stop();
    await world.start();
    await world.advance(30_000);
    expect(phase()).toBe('Moving');
    end();
    await world.until(isGone);
    expect(phase()).toBe('Completed');
  });

  it('is used by what has not ended, and by nothing else', async () => {
    await world.addSource('data', 'precious');
    await world.start();
    world.addBackup('b1');
    await world.until(() => phase() === 'Completed');
    await world.advance(12_000);
    expect(theClass()?.status?.inUse).toBeUndefined();
    await deleteClass();
    await world.until(isGone, 10_000);
    expect(world.backup()?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('names the first ten of many', async () => {
    world.addClass((object) => Object.assign(object.spec, { limits: { backups: 1 } }));
    const end = await runningBackup();
    for (let i = 2; i <= 12; i++) world.addBackup(`b${String(i)}`);
    await world.until(() => theClass()?.status?.inUse?.requests === 12, 60_000);
    expect(theClass()?.status?.inUse?.names).toHaveLength(10);
    await deleteClass();
    await world.advance(3_000);
    expect(ready()?.message).toMatch(/ and 2 more$/);
    for (const { metadata } of world.kube.peekAll(dataMoverBackups)) {
      const { namespace = '', name } = metadata;
      await world.kube
        .client('admin')
        .mergePatch(dataMoverBackups, { namespace, name }, { spec: { cancel: true } });
    }
    end();
    await world.until(isGone);
  });
});
