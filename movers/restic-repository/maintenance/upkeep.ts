import type { OwnerReference } from '../../../api/kubernetes/meta.ts';
import type { ForgetFacts, ForgetRequest, PruneFacts, RepositoryRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';
import { ANOTHER_REPOSITORY_EXIT, IDENTIFIED_SCRIPT } from '../identity.ts';
import { readPruned } from '../log/parse-prune-output.ts';
import type { RepositoryTask } from '../job/runner.ts';

/** What is done to a repository beside backups and restores: removing one snapshot, and giving its space back. */

/** It drops the reference only and is cheap; the data goes with the next prune. */
export function forgetTask({
  config,
  snapshotID,
  repositoryID,
}: Pick<
  ForgetRequest<RepositoryConfig>,
  'config' | 'snapshotID' | 'repositoryID'
>): RepositoryTask<ForgetFacts> {
  return {
    ...identified(config, repositoryID, ['forget', '--', shortened(snapshotID)]),
    doing: 'removing the snapshot',
    read: (lines) => ({ alreadyGone: lines.some((line) => line.includes(UNKNOWN_SNAPSHOT)) }),
  };
}

/**
 * A part of an id is looked up among all that are there. Of a whole one restic just tries to read the file, and ends well
 * whatever keeps it from that.
 */
export function shortened(snapshotID: string): string {
  return snapshotID.slice(0, 32);
}

/** restic says this and ends well when it does not know the snapshot; the wish is fulfilled then too. */
const UNKNOWN_SNAPSHOT = 'no matching ID found';

/** Every run begins by removing stale locks; that is all this one is for. It waits for the end of what is in use. */
export function unlockTask({ resticImage }: RepositoryConfig, owner: OwnerReference): RepositoryTask<void> {
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
export function pruneTask({
  config,
  repositoryID,
}: Pick<RepositoryRequest<RepositoryConfig>, 'config' | 'repositoryID'>): RepositoryTask<PruneFacts> {
  const { pruneMaxUnused, pruneMaxRepackSize } = config;
  const args = ['prune', '--max-unused', pruneMaxUnused, '--max-repack-size', pruneMaxRepackSize];
  return { ...identified(config, repositoryID, args), doing: 'pruning the repository', read: readPruned };
}

/** Runs restic only in the repository with this id, if one is given. */
function identified(
  { resticImage }: RepositoryConfig,
  repositoryID: string | undefined,
  args: readonly string[],
): Pick<RepositoryTask<unknown>, 'program' | 'image' | 'script' | 'args' | 'options'> {
  return {
    program: 'restic',
    image: resticImage,
    script: IDENTIFIED_SCRIPT,
    args: [repositoryID ?? '', ...args],
    options: { finalExits: [ANOTHER_REPOSITORY_EXIT] },
  };
}
