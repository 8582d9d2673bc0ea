import { rcloneAccess } from '../access/rclone-access.ts';
import type { MoverOutcome, MoverTarget, RemovalFacts, RepositoryRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';
import type { RepositoryTask } from '../job/repository-task.ts';
import type { ResticRunner } from '../job/runner.ts';
import { reporting } from '../log/script-log.ts';

/** Deletes a repository without snapshots, for which restic has no command. */

/** Job and secret have names of their own, because those of the preceding prune still exist. */
const SUFFIX = '-removal';

export function removalOf<T extends MoverTarget>(request: T): T {
  return { ...request, name: `${request.name}${SUFFIX}` };
}

export async function removeRepository(
  runner: ResticRunner,
  request: RepositoryRequest<RepositoryConfig>,
): Promise<MoverOutcome<RemovalFacts>> {
  const outcome = await runner.run(removalOf(request), removalTask(request.config));
  // Nothing was deleted, and a retry would not change that.
  const isImpossible = outcome.state === 'Failed' && outcome.reason === 'InvalidConfig';
  return isImpossible ? { state: 'Done', facts: { kept: outcome.message } } : outcome;
}

export function removalTask({ rcloneImage }: RepositoryConfig): RepositoryTask<RemovalFacts> {
  return {
    program: 'rclone',
    doing: 'removing the repository',
    image: rcloneImage,
    script: SCRIPT,
    args: [],
    access: rcloneAccess,
    read: readRemoval,
  };
}

const REMOVED = 'the repository is removed';
const FOUND = 'the repository also holds ';

function readRemoval(lines: readonly string[]): RemovalFacts {
  if (lines.includes(REMOVED)) return {};
  const found = lines.find((line) => line.startsWith(FOUND))?.slice(FOUND.length);
  return {
    kept:
      found === undefined
        ? 'the output of rclone could not be parsed'
        : `it is no longer empty: it contains ${found}`,
  };
}

/**
 * All names that restic gives to files of a repository; nothing else below its folder is matched, because another repository may
 * be there. An empty repository consists of the first two.
 */
const ID = '{{[0-9a-f]{64}}}';
const LAYOUT = ['/config', `/keys/${ID}`, `/{locks,snapshots,index}/${ID}`, `/data/{{[0-9a-f]{2}}}/${ID}`];
const [CONFIG = '', KEYS = ''] = LAYOUT;

/**
 * Deletes the configuration first: without it the repository cannot be opened, and no new one can be initialized until the keys
 * are deleted too. Files other than these two were written after the prune, by a client that does not go through admission.
 * rclone exits with 3 if the folder does not exist.
 */
const SCRIPT = reporting(`set -u
folder="repository:$REPOSITORY_FOLDER"
unless_missing() { code=0; "$@" || code=$?; [ $code -eq 3 ] || return $code; }
found=$(unless_missing rclone lsf --recursive --files-only ${LAYOUT.map((one) => `--include '${one}'`).join(' ')} -- "$folder")
more=$(printf '%s\\n' "$found" | grep -v -e '^config$' -e '^keys/' -e '^$' || [ $? -eq 1 ])
if [ -n "$more" ]; then
  printf '${FOUND}%s\\n' "$more" | head -n 1
  exit 0
fi
unless_missing rclone delete --include '${CONFIG}' -- "$folder"
unless_missing rclone delete --include '${KEYS}' -- "$folder"
echo '${REMOVED}'`);
