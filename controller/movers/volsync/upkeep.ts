import type { OwnerReference } from '../../../api/meta.ts';
import type { ForgetFacts, PruneFacts } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';
import { readPruned } from './restic-log.ts';
import type { RepositoryTask } from './restic-runner.ts';

/** What VolSync cannot do and a restic of our own does: removing one snapshot, and giving its space back. */

/** It drops the reference only and is cheap; the data goes with the next prune. */
export function forgetTask({ resticImage }: VolSyncConfig, snapshotID: string): RepositoryTask<ForgetFacts> {
  return {
    program: 'restic',
    image: resticImage,
    doing: 'removing the snapshot',
    args: ['forget', snapshotID],
    read: (lines) => ({ alreadyGone: lines.some((line) => line.includes(UNKNOWN_SNAPSHOT)) }),
  };
}

/** restic says this and ends well when it does not know the snapshot; the wish is fulfilled then too. */
const UNKNOWN_SNAPSHOT = 'no matching ID found';

/** Every run begins by removing stale locks; that is all this one is for. It waits for the end of what is in use. */
export function unlockTask({ resticImage }: VolSyncConfig, owner: OwnerReference): RepositoryTask<void> {
  return {
    program: 'restic',
    image: resticImage,
    doing: 'removing stale locks of the repository',
    args: ['cat', 'config'],
    owner,
    read: () => undefined,
  };
}

/** What is left undone because of these bounds is done by the next prune. */
export function pruneTask(config: VolSyncConfig): RepositoryTask<PruneFacts> {
  const { resticImage, pruneMaxUnused, pruneMaxRepackSize } = config;
  return {
    program: 'restic',
    image: resticImage,
    doing: 'pruning the repository',
    args: ['prune', '--max-unused', pruneMaxUnused, '--max-repack-size', pruneMaxRepackSize],
    read: readPruned,
  };
}
