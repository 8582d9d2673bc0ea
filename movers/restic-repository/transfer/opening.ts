import { PATH } from '../snapshot-layout.ts';

/**
 * Start of a script, before restic runs. Once restic runs, it gets SIGTERM and removes its lock; before that the shell gets it,
 * and exits after the restic command that it has started. Findings are reported in lines of restic's own format.
 *
 * Every start of restic takes half a second for the key alone, so for a healthy repository there are only two.
 */
export const BEGIN = `set -e -o pipefail
trap 'exit 143' TERM
cd ${PATH}`;

/**
 * restic retries for a quarter of an hour what cannot succeed, such as wrong keys or an unknown host. It prints each error, so a
 * minute is enough to detect it.
 */
export const OPEN = 'timeout 60 restic cat config';

/** restic's exit code if it waits for the lock of another process. */
export const LOCKED = 11;
