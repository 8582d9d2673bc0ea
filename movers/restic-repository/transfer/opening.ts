import { PATH } from '../snapshot-layout.ts';

/**
 * What a shell does before restic works. restic gets SIGTERM then, and removes its lock. Before that
 * the shell gets it, and ends when the restic that it has started has. What is found is reported in lines like restic's own.
 *
 * Every start of a restic costs half a second for the key alone, so where a repository is as it should be there are only two.
 */
export const BEGIN = `set -e -o pipefail
trap 'exit 143' TERM
cd ${PATH}`;

/**
 * restic tries for a quarter of an hour what will not be any better: wrong keys, a host that does not exist. It prints each
 * error, so a minute is enough to know it.
 */
export const OPEN = 'timeout 60 restic cat config';

/** restic's exit code where another process has a lock that it waits for. */
export const LOCKED = 11;
