import type { OwnerReference } from '../../../api/kubernetes/meta.ts';
import type { ForgetFacts, ForgetRequest, PruneFacts, RepositoryRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';
import { ANOTHER_REPOSITORY_EXIT, IDENTIFIED_SCRIPT } from '../job/identified-script.ts';
import { readPruned } from '../log/parse-prune-output.ts';
import type { RepositoryTask } from '../job/repository-task.ts';

/** Tasks that maintain a repository: remove one snapshot, and free its space. */

/** Removes only the reference, which is cheap; the next prune removes the data. */
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
 * Returns a prefix of the id, which restic looks up among all snapshots. With a full id, restic only tries to read the file, and
 * exits with 0 whatever error it meets.
 */
export function shortened(snapshotID: string): string {
  return snapshotID.slice(0, 32);
}

/** restic prints this and exits with 0 if the snapshot does not exist; forgetting has then succeeded too. */
const UNKNOWN_SNAPSHOT = 'no matching ID found';

/** Removes stale locks, as every run does first; the command itself only waits for locks in use. */
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

/** Bounded work: what remains is left to the next prune. */
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
