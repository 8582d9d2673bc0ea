import assert from 'node:assert/strict';
import { bringBack, doneOf, snapshotOf } from '../trial.ts';
import type { Case } from './case.ts';

/** Backing up an empty volume succeeds, and restores as an empty volume. */
export const empty: Case = {
  title: 'reports an empty volume as empty, or restores it as empty',
  run: async (trial) => {
    const { volumes } = trial.subject;
    const process = await trial.boot();
    const repository = trial.repository('empty');
    const claim = await trial.makeVolume('empty');
    const backup = trial.request('backup', 'empty', { claim, repository });
    const facts = doneOf(await trial.follow(process, backup, backup.backup));
    await trial.cleanUp(process, backup.target);
    assert.notEqual(facts.empty === true, facts.snapshotID !== undefined, 'either a snapshot or empty');
    const target = await trial.makeVolume('empty-restored');
    if (facts.empty !== true) {
      const restore = trial.request('restore', 'empty', { claim: target, repository });
      await bringBack(trial, process, restore, snapshotOf(facts));
      assert.deepEqual([...(await volumes.read(target)).keys()], []);
    }
    await Promise.all([claim, target].map((one) => volumes.remove(one)));
    await process.end();
  },
};
