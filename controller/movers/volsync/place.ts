/** What messages call the things that give access to a repository; never values of secrets. */
export interface Place {
  /** `namespace/name` of the user's secret. */
  secret: string;
  /** What holds the credentials of the storage. */
  keys: string;
  /** What says where the repositories are. */
  base: string;
  /** What holds the certificates of a private authority. */
  authority: string;
  /** Path of the repository. */
  repository: string;
}

/** `location` is the BackupStorageLocation (`namespace/name`) that completes the secret, if one does. */
export function placeOf(repository: string, secret: string, location?: string): Place {
  if (location === undefined) {
    return {
      repository,
      secret,
      keys: `the access keys in Secret ${secret}`,
      base: `key RESTIC_REPOSITORY of Secret ${secret}`,
      authority: 'key RESTIC_CUSTOM_CA',
    };
  }
  return {
    repository,
    secret,
    keys: `the credentials of BackupStorageLocation ${location}, or those in Secret ${secret} if it has any,`,
    base: `BackupStorageLocation ${location}`,
    authority: 'its spec.objectStorage.caCert',
  };
}
