import assert from 'node:assert/strict';
import { only } from '../contents.ts';
import type { Case } from './case.ts';

/** What a process learns that has lost its lease, or looks at an old state of the request. */
class ViewIsOld extends Error {
  override readonly name = 'ViewIsOld';
}

/** Whoever asks may have an old view of the request, and another process has its result already. */
export const oldView: Case = {
  title: 'begins nothing when it is told that the view of the request is old',
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
      await assert.rejects(begin(), ViewIsOld, `a ${target.kind} asks whether the view is current`);
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
