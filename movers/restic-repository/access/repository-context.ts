/** Names for messages of the objects that give access to a repository. Never contains values of secrets. */
export interface RepositoryContext {
  /** `namespace/name` of the user's secret. */
  secret: string;
  /** The object that contains the credentials of the storage. */
  keys: string;
  /** The object that contains the base URL of the repositories. */
  base: string;
  /** The object that contains the certificates of a private authority. */
  authority: string;
  /** Path of the repository. */
  repository: string;
  remedies: Remedies;
}

/** Remedies for errors of one mover, each as the end of a sentence. */
export interface Remedies {
  /** For a mover that may not read or write files with their attributes. */
  privileges: string;
  /** For a mover that has used up its own space. */
  space: string;
}

/**
 * Returns the names for messages. `location` is the BackupStorageLocation (`namespace/name`) that completes the secret, if any.
 */
export function repositoryContext(
  repository: string,
  secret: string,
  remedies: Remedies,
  location?: string,
): RepositoryContext {
  if (location === undefined) {
    return {
      repository,
      secret,
      remedies,
      keys: `the access keys in Secret ${secret}`,
      base: `key RESTIC_REPOSITORY of Secret ${secret}`,
      authority: 'key RESTIC_CUSTOM_CA',
    };
  }
  return {
    repository,
    secret,
    remedies,
    keys: `the credentials of BackupStorageLocation ${location}, or those in Secret ${secret} if it has any,`,
    base: `BackupStorageLocation ${location}`,
    authority: 'its spec.objectStorage.caCert',
  };
}
