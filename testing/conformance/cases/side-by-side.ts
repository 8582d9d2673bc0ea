import assert from 'node:assert/strict';
import { only } from '../contents.ts';
import { backUp, bringBack } from '../trial.ts';
import { assertSame } from '../volumes.ts';
import type { Case } from './case.ts';

const VOLUMES = ['side-a', 'side-b', 'side-c'];

/** One process moves several volumes at once, each to its own repository. */
export const sideBySide: Case = {
  title: 'moves several volumes at once without mixing them up',
  run: async (trial) => {
    const { volumes, snapshotsIn } = trial.subject;
    const process = await trial.boot();
    await Promise.all(
      VOLUMES.map(async (name) => {
        const repository = trial.repository(name);
        const claim = await trial.makeVolume(name, only(name));
        const before = await volumes.read(claim);
        const snapshot = await backUp(trial, process, trial.request('backup', name, { claim, repository }));
        const ids = await snapshotsIn?.(repository);
        assert.equal(ids?.length ?? 1, 1, 'each repository has its own snapshot and no other');
        const target = await trial.makeVolume(`${name}-restored`);
        await bringBack(
          trial,
          process,
          trial.request('restore', name, { claim: target, repository }),
          snapshot,
        );
        assertSame(before, await volumes.read(target), `volume ${name}, restored,`);
        await Promise.all([claim, target].map((one) => volumes.remove(one)));
      }),
    );
    await process.end();
  },
};
