import assert from 'node:assert/strict';
import type { Refusal } from '../../../movers/mover.ts';
import { only } from '../contents.ts';
import type { Snapshot } from '../request.ts';
import type { UnusableAccess } from '../subject.ts';
import { backUp, type Trial } from '../trial.ts';
import type { Case } from './case.ts';

/** A snapshot that was never saved. */
const UNSAVED: Snapshot = { id: '0123abcd', facts: { snapshotTime: '2026-01-01T00:00:00Z' } };

/** Wrong credentials must fail soon, with a reason, and no message may contain a secret. */
export const access: Case = {
  title: 'fails with a reason if the repository cannot be used, and reveals no secret',
  run: async (trial) => {
    const { unusable } = trial.subject;
    assert.ok(unusable.length > 0, 'a mover is to be tried with wrong credentials at least');
    await Promise.all(unusable.map((one, index) => tryAccess(trial, one, `access-${index}`)));
  },
};

async function tryAccess(
  trial: Trial,
  { title, config, reasons, needsRepository = false }: UnusableAccess,
  name: string,
): Promise<void> {
  const process = await trial.boot();
  const claim = await trial.makeVolume(name, only(name));
  const where = { claim, repository: trial.repository(name) };
  const snapshot = needsRepository
    ? await backUp(trial, process, trial.request('backup', `${name}-before`, where))
    : UNSAVED;

  const fail = async (kind: 'backup' | 'restore'): Promise<void> => {
    const request = trial.request(kind, name, { ...where, config });
    const fits = ({ reason, message }: Refusal): void => {
      assert.ok(reasons.includes(reason), `a ${kind} with ${title} failed with ${reason}: ${message}`);
      assert.notEqual(message.trim(), '', 'a failure has a message');
      trial.assertSilent(message);
    };
    const refusal = await request.checkAccess(process.mover);
    if (refusal !== undefined) fits(refusal);
    for (const { message } of await request.findings(process.mover)) trial.assertSilent(message);
    // Errors that `checkAccess` did not detect must be detected now.
    const look = kind === 'backup' ? request.backup : request.restore(snapshot);
    const outcome = await trial.follow<unknown>(process, request, look);
    assert.equal(outcome.state, 'Failed', `a ${kind} with ${title} cannot succeed`);
    fits(outcome);
    await trial.cleanUp(process, request.target);
  };
  // In parallel: a mover may retry for a minute before it treats a key as wrong.
  await Promise.all([fail('backup'), fail('restore')]);
  await trial.subject.volumes.remove(claim);
  await process.end();
}
