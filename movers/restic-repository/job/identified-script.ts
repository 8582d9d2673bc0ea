import { reporting } from '../log/script-log.ts';
import { ANOTHER_REPOSITORY, READ_ID } from '../repository-id.ts';
import { RESTIC, UNLOCK } from './repository-job.ts';

/** Exit code of the script if the repository has another id. A retry would give the same result. */
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
