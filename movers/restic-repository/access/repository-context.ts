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
  remedies: Remedies;
}

/** What helps with troubles of one mover, as the end of a sentence. */
export interface Remedies {
  /** It may not read or write files as they are. */
  privileges: string;
  /** Its own space is used up. */
  space: string;
}

/** `location` is the BackupStorageLocation (`namespace/name`) that completes the secret, if one does. */
export function placeOf(repository: string, secret: string, remedies: Remedies, location?: string): Place {
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
