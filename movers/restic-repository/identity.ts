import { RESTIC, UNLOCK } from './job/repository-job.ts';
import { reporting } from './log/script-log.ts';

/** The id of a repository: restic creates it with the repository and stores it in the repository's configuration. */

/** Reads the output of `restic cat config`; prints the id, or nothing. */
export const READ_ID = `tr -d '[:space:]' | sed -n 's/.*"id":"\\([0-9a-f]*\\)".*/\\1/p'`;

/** Returns the id if it is one that restic could have created. */
export function validID(id: unknown): string | undefined {
  return typeof id === 'string' && /^[0-9a-f]{64}$/.test(id) ? id : undefined;
}

/** Message of the script if the repository does not have the expected id. */
export const ANOTHER_REPOSITORY = 'the repository has another identity';

/** Exit code of the script in that case. A retry would give the same result. */
export const ANOTHER_REPOSITORY_EXIT = 30;

/**
 * Runs restic with all arguments but the first, which is the id that the repository must have; empty: any. In a repository with
 * another id, changes nothing except that stale locks are removed.
 */
export const IDENTIFIED_SCRIPT = reporting(`expected=$1; shift
${UNLOCK}
if [ -n "$expected" ]; then
  config=$(${RESTIC} cat config)
  id=$(printf '%s' "$config" | ${READ_ID})
  if [ "$id" != "$expected" ]; then
    echo "Fatal: ${ANOTHER_REPOSITORY}: $id instead of $expected" >&2
    exit ${String(ANOTHER_REPOSITORY_EXIT)}
  fi
fi
exec ${RESTIC} "$@"`);
