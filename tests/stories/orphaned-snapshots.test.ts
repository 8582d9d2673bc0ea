import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import type { MoverRun } from '../fakes/cluster/state.ts';

const SAVED = 'snapshot 11111111 saved';

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.start();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const removals = (): DataMoverDelete[] => harness.kube.peekAll(dataMoverDeletes);
const removed = (): (string | undefined)[] => removals().map(({ spec }) => spec.result.snapshotID);
const ended = (phase: string): Promise<void> =>
  harness.until(() => harness.backup()?.status?.phase === phase);
const cancel = (): void =>
  void harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, ({ spec }) => {
    spec.cancel = true;
  });
const run = (end: MoverRun['end'], ...lines: string[]): MoverRun => ({ end, lines });
const transfer = (): string => childName('backup', harness.backup()?.metadata.uid ?? '');
const isMoving = (): Promise<void> => harness.until(() => harness.cluster.state.started.length > 0);

describe('a snapshot that no record names', () => {
  it('is removed when a later try of the backup succeeds', async () => {
    harness.cluster.state.script = ({ attempt }) =>
      attempt === 1 ? run('failed', SAVED, 'Fatal: something odd') : undefined;
    harness.addBackup('b1');
    await ended('Completed');
    expect(harness.backup()?.status?.orphanedSnapshots).toEqual(['11111111']);
    expect(removals()).toMatchObject([
      {
        metadata: { namespace: 'velero' },
        spec: { backupName: 'b1', result: { repository: 'c1/app/data', snapshotID: '11111111' } },
      },
    ]);
    expect(harness.backup()?.status?.result?.snapshotID).not.toBe('11111111');
  });

  it('is removed of every try of a backup that fails', async () => {
    harness.cluster.state.script = ({ attempt }) =>
      run('failed', `snapshot ${String(attempt).repeat(8)} saved`, 'Fatal: something odd');
    harness.addBackup('b1');
    await ended('Failed');
    expect(removed().sort()).toEqual(['11111111', '22222222', '33333333']);
  });

  it('is removed when the backup is canceled after it was saved', async () => {
    harness.cluster.state.script = () => run('running', SAVED);
    harness.addBackup('b1');
    await isMoving();
    cancel();
    await ended('Canceled');
    expect(removed()).toEqual(['11111111']);
  });

  it('is removed when it is saved while the mover is being stopped', async () => {
    harness.cluster.state.script = () => run('running');
    harness.addBackup('b1');
    await isMoving();
    harness.cluster.hold('collect');
    cancel();
    await harness.until(() => harness.backup()?.status?.phase === 'CleaningUp');
    harness.cluster.say(transfer(), SAVED);
    harness.cluster.release('collect');
    await ended('Canceled');
    expect(removed()).toEqual(['11111111']);
  });

  it('is removed when the backup is deleted after it was saved', async () => {
    harness.cluster.state.script = () => run('running', SAVED);
    harness.addBackup('b1');
    await isMoving();
    await harness.kube.client().delete(dataMoverBackups, { namespace: APP, name: 'b1' });
    await harness.until(() => harness.backup() === undefined);
    expect(removed()).toEqual(['11111111']);
  });

  it('is known to a controller that was not there when it was saved', async () => {
    harness.cluster.state.script = () => run('running');
    harness.addBackup('b1');
    await isMoving();
    await harness.stop();
    harness.cluster.say(transfer(), SAVED);
    cancel();
    await harness.start();
    await ended('Canceled');
    expect(removed()).toEqual(['11111111']);
  });

  it('is removed when the process died before it had written down that its mover works', async () => {
    harness.cluster.state.script = () => run('running', SAVED);
    harness.kube.before = () => {
      if (harness.kube.peekAll(replicationSources).length > 0) throw new CrashError('the process died');
    };
    harness.addBackup('b1');
    await isMoving();
    await harness.stop();
    expect(harness.backup()?.status?.message).not.toContain('waiting for VolSync to start');
    harness.kube.restart();
    cancel();
    await harness.start();
    await ended('Canceled');
    expect(removed()).toEqual(['11111111']);
  });
});

describe('a snapshot stays', () => {
  it('that is the result of the backup', async () => {
    harness.addBackup('b1');
    await ended('Completed');
    expect(removals()).toEqual([]);
    expect(harness.backup()?.status).not.toHaveProperty('orphanedSnapshots');
  });

  it('that another record names, even if the log contains it', async () => {
    harness.addBackup('other', (backup) => {
      const result = { mover: 'VolSync', repository: 'c1/app/data', snapshotID: '11111111' };
      backup.status = { phase: 'Completed', result };
    });
    harness.cluster.state.script = () => run('running', SAVED);
    harness.addBackup('b1');
    await isMoving();
    cancel();
    await ended('Canceled');
    expect(removals()).toEqual([]);
  });

  it('that only the name of a file speaks of', async () => {
    harness.cluster.state.script = () => run('running', `error: open /data/${SAVED}: permission denied`);
    harness.addBackup('b1');
    await isMoving();
    cancel();
    await ended('Canceled');
    expect(removals()).toEqual([]);
  });
});
