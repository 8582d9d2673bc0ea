import assert from 'node:assert/strict';
import { LARGE } from '../contents.ts';
import { backUp } from '../trial.ts';
import type { Case } from './case.ts';

/** Cancels a backup that has uploaded a part of its volume. */
export const cutShort: Case = {
  title: 'leaves no data and no lock of an upload that is canceled halfway, if the subject can slow it down',
  run: async (trial) => {
    const { slowConfig, snapshotsIn, volumes } = trial.subject;
    if (slowConfig === undefined) return;
    const repository = trial.repository('cut-short');
    const claim = await trial.makeVolume('cut-short', LARGE);
    const request = trial.request('backup', 'cut-short', { claim, repository, config: slowConfig });
    const first = await trial.boot();
    const { state } = await trial.untilMoving(first, request, request.backup);
    assert.equal(state, 'InProgress', 'an upload over a slow connection continues');
    await first.end();

    const process = await trial.boot();
    assert.deepEqual(await trial.cleanUp(process, request.target), [], 'half an upload has saved nothing');
    await backUp(trial, process, trial.request('backup', 'cut-short-not', { claim, repository }));
    assert.equal((await snapshotsIn?.(repository))?.length ?? 1, 1, 'snapshots after another backup');
    await volumes.remove(claim);
    await process.end();
  },
};
