import assert from 'node:assert/strict';
import { only } from '../contents.ts';
import type { Look } from '../follow.ts';
import { ProcessDied } from '../process.ts';
import type { Request, Where } from '../request.ts';
import { backUp, bringBack, type Trial } from '../trial.ts';
import { assertSame } from '../volumes.ts';
import type { Case } from './case.ts';

/** Maximum number of writes before the mover's own process runs; the cancel is tried after each of them. */
const MOST_WRITES = 10;

/** Cancels a request after each of its writes; another process does the cleanup. */
export const cancel: Case = {
  title: 'leaves nothing if it is canceled at any moment, and the repository stays usable',
  run: async (trial) => {
    const { volumes } = trial.subject;
    const repository = trial.repository('cancel');
    const claim = await trial.makeVolume('cancel', only('cancel'));
    const before = await volumes.read(claim);

    await cancelEverywhere(trial, 'backup', { claim, repository }, (request) => request.backup);
    const process = await trial.boot();
    const snapshot = await backUp(
      trial,
      process,
      trial.request('backup', 'cancel-not', { claim, repository }),
    );

    const target = await trial.makeVolume('cancel-restored');
    await cancelEverywhere(trial, 'restore', { claim: target, repository }, (request) =>
      request.restore(snapshot),
    );
    // A restore that was canceled while it wrote must not spoil a later one.
    await bringBack(
      trial,
      process,
      trial.request('restore', 'cancel-not', { claim: target, repository }),
      snapshot,
    );
    assertSame(before, await volumes.read(target), 'what was restored after cancels');
    await Promise.all([claim, target].map((one) => volumes.remove(one)));
    await process.end();
  },
};

async function cancelEverywhere(
  trial: Trial,
  kind: 'backup' | 'restore',
  where: Where,
  lookOf: (request: Request) => Look<unknown>,
): Promise<void> {
  for (let writes = 1; writes <= MOST_WRITES; writes++) {
    const request = trial.request(kind, `cancel-${writes}`, where);
    const hasDied = await diesAfter(trial, request, { writes, look: lookOf(request) });
    const next = await trial.boot();
    await trial.cleanUp(next, request.target);
    await next.end();
    if (!hasDied) return;
  }
  assert.fail(`a ${kind} makes more than ${MOST_WRITES} writes before its process runs`);
}

/** Returns false if the mover's own process runs after fewer writes. */
async function diesAfter(
  trial: Trial,
  request: Request,
  { writes, look }: { writes: number; look: Look<unknown> },
): Promise<boolean> {
  const process = await trial.boot(writes);
  try {
    await trial.untilStarted(process, request, look);
    return process.isDead;
  } catch (error) {
    if (!(error instanceof ProcessDied) && !process.isDead) throw error;
    return true;
  } finally {
    await process.end();
  }
}
