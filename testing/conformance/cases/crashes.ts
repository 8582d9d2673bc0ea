import assert from 'node:assert/strict';
import type { MoverOutcome } from '../../../movers/mover.ts';
import { only } from '../contents.ts';
import type { Look } from '../follow.ts';
import { ProcessDied } from '../process.ts';
import type { Request, Where } from '../request.ts';
import { doneOf, snapshotOf, type Trial } from '../trial.ts';
import { assertSame } from '../volumes.ts';
import type { Case } from './case.ts';

/** Far more than any request needs. */
const MOST_PROCESSES = 25;

/**
 * Each process dies after one write, from the first write to the last one of the cleanup, and also once the mover's own process
 * has started.
 */
export const crashes: Case = {
  title: 'continues what it started if its process ends after any write or during the transfer',
  run: async (trial) => {
    const { volumes } = trial.subject;
    const repository = trial.repository('crashes');
    const claim = await trial.makeVolume('crashes', only('crashes'));
    const before = await volumes.read(claim);

    const backup = trial.request('backup', 'crashes', { claim, repository });
    const snapshot = snapshotOf(doneOf(await followDying(trial, backup, backup.backup)));
    // The process may have died before the outcome was stored.
    const again = snapshotOf(doneOf(await followDying(trial, backup, backup.backup)));
    assert.equal(again.id, snapshot.id, 'called again when it is done');
    await cleanUpDying(trial, backup);
    assert.equal((await trial.subject.snapshotsIn?.(repository))?.length ?? 1, 1, 'it was uploaded once');

    const target = await trial.makeVolume('crashes-restored');
    const restore = trial.request('restore', 'crashes', { claim: target, repository });
    doneOf(await followDying(trial, restore, restore.restore(snapshot)));
    await cleanUpDying(trial, restore);
    assertSame(before, await volumes.read(target), 'what was restored');

    const { mover, end } = await trial.boot();
    if (mover.capabilities.forget) await forgetDying(trial, { claim, repository }, snapshot.id);
    if (mover.removeRepository !== undefined) await removeDying(trial, { claim, repository });
    await end();
    await Promise.all([claim, target].map((one) => volumes.remove(one)));
  },
};

async function forgetDying(trial: Trial, where: Where, id: string): Promise<void> {
  const removal = trial.request('delete', 'crashes', where);
  const { alreadyGone } = doneOf(await followDying(trial, removal, removal.forget(id)));
  assert.equal(alreadyGone, false, 'the snapshot was there');
  await cleanUpDying(trial, removal);
  assert.equal((await trial.subject.snapshotsIn?.(where.repository))?.length ?? 0, 0, 'it is forgotten');
}

/** A repository without snapshots is deleted, and the next backup creates it again. */
async function removeDying(trial: Trial, where: Where): Promise<void> {
  const removal = trial.request('prune', 'crashes', where);
  const { snapshots } = doneOf(await followDying(trial, removal, removal.prune));
  assert.equal(snapshots, 0, 'the prune counts the snapshots');
  const { kept } = doneOf(await followDying(trial, removal, removal.removeRepository));
  assert.equal(kept, undefined, 'a repository without snapshots is removed');
  await cleanUpDying(trial, removal);
  const backup = trial.request('backup', 'crashes-anew', where);
  snapshotOf(doneOf(await followDying(trial, backup, backup.backup)));
  await cleanUpDying(trial, backup);
  assert.equal((await trial.subject.snapshotsIn?.(where.repository))?.length ?? 1, 1, 'it is created again');
}

async function followDying<Facts>(
  trial: Trial,
  request: Request,
  look: Look<Facts>,
): Promise<MoverOutcome<Facts>> {
  let isStarted = false;
  for (let processes = 0; processes < MOST_PROCESSES; processes++) {
    const process = await trial.boot(1);
    try {
      // The process that sees the mover run dies too.
      if (!isStarted) await trial.untilStarted(process, request, look);
      const outcome = isStarted ? await trial.follow(process, request, look) : undefined;
      if (process.isDead) continue;
      if (outcome !== undefined) return outcome;
      isStarted = true;
    } catch (error) {
      if (!(error instanceof ProcessDied) && !process.isDead) throw error;
    } finally {
      await process.end();
    }
  }
  throw new Error(`${MOST_PROCESSES} processes began a ${request.target.kind} and none has ended it`);
}

async function cleanUpDying(trial: Trial, { target }: Request): Promise<void> {
  for (let processes = 0; processes < MOST_PROCESSES; processes++) {
    const process = await trial.boot(1);
    try {
      await trial.cleanUp(process, target);
      if (!process.isDead) return;
    } catch (error) {
      if (!(error instanceof ProcessDied) && !process.isDead) throw error;
    } finally {
      await process.end();
    }
  }
  throw new Error(`${MOST_PROCESSES} processes cleaned up after a ${target.kind} and none has ended it`);
}
