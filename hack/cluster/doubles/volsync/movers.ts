import { cleanUpDestination, synchronizeDestination } from './mover/destination-mover.ts';
import { synchronizeSource } from './mover/source-mover.ts';
import type { Mover } from './reconciler.ts';
import { cleanUp, disownKeptSnapshots } from './volumes/iteration-cleanup.ts';

/** Backs up a claim. */
export const sourceMover: Mover = { synchronize: synchronizeSource, cleanUp };

/** Restores to a claim. */
export const destinationMover: Mover = {
  prepare: disownKeptSnapshots,
  synchronize: synchronizeDestination,
  cleanUp: async (scope) => {
    await cleanUp(scope);
    await cleanUpDestination(scope);
  },
};
