import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { APP, World } from '../fakes/cluster/world.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import type { MoverRun } from '../fakes/cluster/state.ts';

const SAVED = 'snapshot 11111111 saved';

let world: World;

beforeEach(async () => {
  world = new World();
  await world.start();
  await world.addSource('data', 'precious');
});

afterEach(() => world.stop());

const removals = (): DataMoverDelete[] => world.kube.peekAll(dataMoverDeletes);
const removed = (): (string | undefined)[] => removals().map(({ spec }) => spec.result.snapshotID);
const ended = (phase: string): Promise<void> => world.until(() => world.backup()?.status?.phase === phase);
const cancel = (): void =>
  void world.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, ({ spec }) => {
    spec.cancel = true;
  });
const run = (end: MoverRun['end'], ...lines: string[]): MoverRun => ({ end, lines });
const transfer = (): string => childName('backup', world.backup()?.metadata.uid ?? '');
const isMoving = (): Promise<void> => world.until(() => world.cluster.state.started.length > 0);

describe('a snapshot that no record names', () => {
  it('is removed when a later try of the backup succeeds', async () => {
    world.cluster.state.script = ({ attempt }) =>
      attempt === 1 ? run('failed', SAVED, 'Fatal: something odd') : undefined;
    world.addBackup('b1');
    await ended('Completed');
    expect(world.backup()?.status?.orphanedSnapshots).toEqual(['11111111']);
    expect(removals()).toMatchObject([
      {
        metadata: { namespace: 'velero' },
        spec: { backupName: 'b1', result: { repository: 'c1/app/data', snapshotID: '11111111' } },
      },
    ]);
    expect(world.backup()?.status?.result?.snapshotID).not.toBe('11111111');
  });

  it('is removed of every try of a backup that fails', async () => {
    world.cluster.state.script = ({ attempt }) =>
      run('failed', `snapshot ${String(attempt).repeat(8)} saved`, 'Fatal: something odd');
    world.addBackup('b1');
    await ended('Failed');
    expect(removed().sort()).toEqual(['11111111', '22222222', '33333333']);
  });

  it('is removed when the backup is canceled after it was saved', async () => {
    world.cluster.state.script = () => run('running', SAVED);
    world.addBackup('b1');
    await isMoving();
    cancel();
    await ended('Canceled');
    expect(removed()).toEqual(['11111111']);
  });

  it('is removed when it is saved while the mover is being stopped', async () => {
    world.cluster.state.script = () => run('running');
    world.addBackup('b1');
    await isMoving();
    world.cluster.hold('collect');
    cancel();
    await world.until(() => world.backup()?.status?.phase === 'CleaningUp');
    world.cluster.say(transfer(), SAVED);
    world.cluster.release('collect');
    await ended('Canceled');
    expect(removed()).toEqual(['11111111']);
  });

  it('is removed when the backup is deleted, and what it was saved for is gone', async () => {
    world.cluster.state.script = () => run('running', SAVED);
    world.addBackup('b1');
    await isMoving();
    await world.kube.client().delete(dataMoverBackups, { namespace: APP, name: 'b1' });
    await world.until(() => world.backup() === undefined);
    expect(removed()).toEqual(['11111111']);
  });

  it('is known to a controller that was not there when it was saved', async () => {
    world.cluster.state.script = () => run('running');
    world.addBackup('b1');
    await isMoving();
    await world.stop();
    world.cluster.say(transfer(), SAVED);
    cancel();
    await world.start();
    await ended('Canceled');
    expect(removed()).toEqual(['11111111']);
  });

  it('is removed when the process died before it had written down that its mover works', async () => {
    world.cluster.state.script = () => run('running', SAVED);
    world.kube.before = () => {
      if (world.kube.peekAll(replicationSources).length > 0) throw new CrashError('the process died');
    };
    world.addBackup('b1');
    await isMoving();
    await world.stop();
    expect(world.backup()?.status?.message).not.toContain('VolSync is asked');
    world.kube.restart();
    cancel();
    await world.start();
    await ended('Canceled');
    expect(removed()).toEqual(['11111111']);
  });
});

describe('a snapshot stays', () => {
  it('that is the result of the backup', async () => {
    world.addBackup('b1');
    await ended('Completed');
    expect(removals()).toEqual([]);
    expect(world.backup()?.status).not.toHaveProperty('orphanedSnapshots');
  });

  it('that another record names, whatever the log says', async () => {
    world.addBackup('other', (backup) => {
      const result = { mover: 'VolSync', repository: 'c1/app/data', snapshotID: '11111111' };
      backup.status = { phase: 'Completed', result };
    });
    world.cluster.state.script = () => run('running', SAVED);
    world.addBackup('b1');
    await isMoving();
    cancel();
    await ended('Canceled');
    expect(removals()).toEqual([]);
  });

  it('that only the name of a file speaks of', async () => {
    world.cluster.state.script = () => run('running', `error: open /data/${SAVED}: permission denied`);
    world.addBackup('b1');
    await isMoving();
    cancel();
    await ended('Canceled');
    expect(removals()).toEqual([]);
  });
});
