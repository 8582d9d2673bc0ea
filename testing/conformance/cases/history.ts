import assert from 'node:assert/strict';
import type { VerifyLevel } from '../../../movers/mover.ts';
import { CHANGE, DAMAGE, LEAF, RICH } from '../contents.ts';
import type { Process } from '../process.ts';
import type { Request, Snapshot, Where } from '../request.ts';
import { backUp, bringBack, doneOf, forget, isSame, snapshotOf, type Trial } from '../trial.ts';
import { assertSame } from '../volumes.ts';
import type { Case } from './case.ts';

/** Backs up one volume twice, and restores and forgets each snapshot by itself. */
export const history: Case = {
  title: 'restores the requested snapshot, file by file, and forgets no other',
  run: async (trial) => {
    const { volumes } = trial.subject;
    const process = await trial.boot();
    const repository = trial.repository('history');
    const claim = await trial.makeVolume('history', RICH);
    const former = await volumes.read(claim);
    const first = await backUp(trial, process, trial.request('backup', 'history-1', { claim, repository }));
    await volumes.change(claim, CHANGE);
    const latter = await volumes.read(claim);
    const second = await backUp(trial, process, trial.request('backup', 'history-2', { claim, repository }));
    assert.ok(!isSame(first.id, second.id), 'two backups have one snapshot');
    await assertHolds(trial, repository, [first, second]);
    if (process.mover.capabilities.incremental) assertLess(second, first);

    const older = await trial.makeVolume('history-older');
    const wish = trial.request('restore', 'history-1', { claim: older, repository });
    await bringBack(trial, process, wish, first);
    assertSame(former, await volumes.read(older), 'the older snapshot, restored,');

    if (process.mover.capabilities.forget)
      await forgetFirst(trial, process, { claim, repository }, [first, second]);

    const newer = await trial.makeVolume('history-newer');
    await bringBack(
      trial,
      process,
      trial.request('restore', 'history-2', { claim: newer, repository }),
      second,
    );
    assertSame(
      latter,
      await volumes.read(newer),
      'the newer snapshot, restored after the older one was forgotten,',
    );

    await Promise.all([claim, older, newer].map((one) => volumes.remove(one)));
    await process.end();
  },
};

/** Asserts that an incremental backup of a small change uploads less than the first backup. */
function assertLess({ facts: later }: Snapshot, { facts: earlier }: Snapshot): void {
  const [uploaded = 0, before = Infinity] = [later.uploadedBytes, earlier.uploadedBytes];
  assert.ok(uploaded < before, `it uploaded ${uploaded} bytes for a small change, after ${before} for all`);
}

async function forgetFirst(
  trial: Trial,
  process: Process,
  where: Where,
  [first, second]: readonly [Snapshot, Snapshot],
): Promise<void> {
  const removal = (name: string): Request => trial.request('delete', name, where);
  assert.equal(await forget(trial, process, removal('history-1'), first.id), false, 'it was there');
  assert.equal(await forget(trial, process, removal('history-2'), first.id), true, 'it was gone already');
  await assertHolds(trial, where.repository, [second]);
  if (process.mover.prune !== undefined) {
    const prune = trial.request('prune', 'history', where);
    doneOf(await trial.follow(process, prune, prune.prune));
    await trial.cleanUp(process, prune.target);
  }
  const gone = trial.request('restore', 'history-gone', where);
  const outcome = await trial.follow(process, gone, gone.restore(first));
  assert.equal(outcome.state, 'Failed', 'a snapshot that was forgotten cannot be restored');
  await trial.cleanUp(process, gone.target);
}

async function assertHolds(
  { subject }: Trial,
  repository: string,
  snapshots: readonly Snapshot[],
): Promise<void> {
  const ids = await subject.snapshotsIn?.(repository);
  if (ids === undefined) return;
  const wanted = snapshots.map(({ id }) => ids.find((one) => isSame(one, id)));
  assert.deepEqual([...ids].sort(), wanted.sort(), 'snapshots in the repository');
}

/** The verification must be able to fail. */
export const verification: Case = {
  title: 'verifies what it moved if it supports that, and finds a difference',
  run: async (trial) => {
    const process = await trial.boot();
    const level = process.mover.capabilities.verify.at(-1);
    if (level === undefined) assert.equal(process.mover.verify, undefined);
    else await verifyAt(trial, process, level);
    await process.end();
  },
};

async function verifyAt(trial: Trial, process: Process, level: VerifyLevel): Promise<void> {
  const { volumes } = trial.subject;
  const repository = trial.repository('verify');
  const claim = await trial.makeVolume('verify', RICH);
  const saved = await verified(trial, process, level, { claim, repository });

  const target = await trial.makeVolume('verify-again');
  const restore = trial.request('restore', 'verify', { claim: target, repository });
  const restored = doneOf(await trial.follow(process, restore, restore.restore(saved)));
  const look = restore.verify(level, saved.id, restored);
  if (level === 'Data') {
    await volumes.change(target, DAMAGE);
    const outcome = await trial.follow(process, restore, look);
    assert.equal(outcome.state, 'Failed', 'a file was changed after it was restored');
    assert.equal(outcome.reason, 'VerificationFailed');
    assert.ok(
      outcome.message.includes(LEAF),
      `the message does not name the file that differs: ${outcome.message}`,
    );
    trial.assertSilent(outcome.message);
  } else {
    doneOf(await trial.follow(process, restore, look));
  }
  await trial.cleanUp(process, restore.target);
  await Promise.all([claim, target].map((one) => volumes.remove(one)));
}

/** Verifies before the cleanup, because the mover may need what it has created. */
async function verified(trial: Trial, process: Process, level: VerifyLevel, where: Where): Promise<Snapshot> {
  const backup = trial.request('backup', 'verify', where);
  const facts = doneOf(await trial.follow(process, backup, backup.backup));
  const saved = snapshotOf(facts);
  const { files } = doneOf(await trial.follow(process, backup, backup.verify(level, saved.id, facts)));
  assert.ok(files > 0, 'the repository holds files');
  await trial.cleanUp(process, backup.target);
  return saved;
}
