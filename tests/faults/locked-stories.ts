import { expect } from '@jest/globals';
import type { ClusterState, MoverRun } from '../fakes/cluster/state.ts';
import { backUp } from './backup-stories.ts';
import { beginRestore } from './restore-stories.ts';
import type { Told } from './told.ts';
import type { World } from './world.ts';

/** A killed mover has left a lock behind. */

/** How VolSync's mover ends if it finds a lock. */
const LOCKED: MoverRun = { end: 'failed', exitCode: 3, lines: ['ERROR: failure locking repository'] };

type Run = ClusterState['started'][number];

/**
 * Backs up into a locked repository; faults occur from the time when the next mover finds the lock until one that `unlocks` has
 * run.
 */
export async function unlockForBackup(world: World): Promise<Told> {
  const told = await backUp(world);
  world.actors.state.script = ({ unlock }) => (unlock ? undefined : LOCKED);
  return whileLocked(world, told, ({ unlock }) => unlock);
}

/** Restores from a locked repository. VolSync cannot remove locks for a restore: a Job of ours does. */
export async function unlockForRestore(world: World): Promise<Told> {
  const { told } = await beginRestore(world);
  const { state } = world.actors;
  const unlocks = ({ name }: Run): boolean => name === 'unlock';
  state.backoffMs = 1_000;
  state.script = () => (state.started.some(unlocks) ? undefined : LOCKED);
  return whileLocked(world, told, unlocks);
}

function whileLocked({ actors: { state } }: World, told: Told, unlocks: (run: Run) => boolean): Told {
  const unlocked = (): Run[] => state.started.filter(unlocks);
  return {
    ...told,
    counts: () => state.started.length > 0 && unlocked().length === 0,
    verify() {
      expect(unlocked()).toHaveLength(1);
      told.verify(state.started.length);
    },
  };
}
