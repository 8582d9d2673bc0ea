import { RESTIC, UNLOCK } from './job/repository-job.ts';
import { reporting } from './log/script-log.ts';

/** restic gives each repository an id when it makes it, and keeps it in the repository's configuration. */

/** Reads what `restic cat config` prints; prints the id, or nothing. */
export const READ_ID = `tr -d '[:space:]' | sed -n 's/.*"id":"\\([0-9a-f]*\\)".*/\\1/p'`;

/** What the script reports of a repository that is not the expected one. */
export const ANOTHER_REPOSITORY = 'the repository has another identity';

/** Exit code of the script then. Another try would find the same. */
export const ANOTHER_REPOSITORY_EXIT = 30;

/**
 * restic on all arguments but the first, which is the id that the repository must have; empty: any. Nothing is changed in
 * another repository, except that its stale locks go.
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
