/** The id of a repository: restic creates it with the repository and stores it in the repository's configuration. */

/** Reads the output of `restic cat config`; prints the id, or nothing. */
export const READ_ID = `tr -d '[:space:]' | sed -n 's/.*"id":"\\([0-9a-f]*\\)".*/\\1/p'`;

/** Returns the id if it is one that restic could have created. */
export function validID(id: unknown): string | undefined {
  return typeof id === 'string' && /^[0-9a-f]{64}$/.test(id) ? id : undefined;
}

/** Message of the script if the repository does not have the expected id. */
export const ANOTHER_REPOSITORY = 'the repository has another identity';
