import { expect } from '@jest/globals';
import type { ClusterState, MoverRun } from '../fakes/cluster/state.ts';
import { backUp } from './backup-stories.ts';
import { beginRestore } from './restore-stories.ts';
import type { Expectation } from './expectation.ts';
import type { StoryHarness } from './story-harness.ts';

/** A killed mover has left a lock behind. */

/** How VolSync's mover ends if it finds a lock. */
const LOCKED: MoverRun = { end: 'failed', exitCode: 3, lines: ['ERROR: failure locking repository'] };

type Run = ClusterState['started'][number];

/**
 * Backs up into a locked repository; faults occur from the time when the next mover finds the lock until one that `unlocks` has
 * run.
 */
export async function unlockForBackup(harness: StoryHarness): Promise<Expectation> {
  const expected = await backUp(harness);
  harness.actors.state.script = ({ unlock }) => (unlock ? undefined : LOCKED);
  return whileLocked(harness, expected, ({ unlock }) => unlock);
}

/** Restores from a locked repository. VolSync cannot remove locks for a restore: a Job of ours does. */
export async function unlockForRestore(harness: StoryHarness): Promise<Expectation> {
  const { expected } = await beginRestore(harness);
  const { state } = harness.actors;
  const unlocks = ({ name }: Run): boolean => name === 'unlock';
  state.backoffMs = 1_000;
  state.script = () => (state.started.some(unlocks) ? undefined : LOCKED);
  return whileLocked(harness, expected, unlocks);
}

function whileLocked(
  { actors: { state } }: StoryHarness,
  expected: Expectation,
  unlocks: (run: Run) => boolean,
): Expectation {
  const unlocked = (): Run[] => state.started.filter(unlocks);
  return {
    ...expected,
    counts: () => state.started.length > 0 && unlocked().length === 0,
    verify() {
      expect(unlocked()).toHaveLength(1);
      expected.verify(state.started.length);
    },
  };
}
