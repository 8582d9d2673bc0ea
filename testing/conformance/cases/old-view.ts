import assert from 'node:assert/strict';
import { only } from '../contents.ts';
import type { Case } from './case.ts';

/** Thrown to a process that has lost its lease or has a stale view of the request. */
class ViewIsOld extends Error {
  override readonly name = 'ViewIsOld';
}

/** Calls the mover with a stale request, which another process may already have finished. */
export const oldView: Case = {
  title: 'starts nothing if the view of the request is stale',
  run: async (trial) => {
    const process = await trial.boot();
    const claim = await trial.makeVolume('old-view', only('old-view'));
    const where = { claim, repository: trial.repository('old-view') };
    const assertCurrent = (): Promise<never> => Promise.reject(new ViewIsOld('the view is old'));
    const backup = trial.request('backup', 'old-view', { ...where, assertCurrent });
    const restore = trial.request('restore', 'old-view', { ...where, assertCurrent });
    const looks = [
      { target: backup.target, look: backup.backup },
      { target: restore.target, look: restore.restore({ id: '0123abcd', facts: {} }) },
    ];
    for (const { target, look } of looks) {
      const begin = async (): Promise<unknown> => look(process.mover);
      await assert.rejects(
        begin(),
        ViewIsOld,
        `a ${target.kind} calls assertCurrent before it creates anything`,
      );
      assert.deepEqual(
        await trial.inventory.of(target),
        [],
        `a ${target.kind} with an old view makes nothing`,
      );
      await trial.cleanUp(process, target);
    }
    await trial.subject.volumes.remove(claim);
    await process.end();
  },
};
