/**
 * The vocabulary of outcomes: condition types, failure reasons and event reasons.
 * One table each, so that a reader of a cluster, a test and the docs mean the same by the same word.
 */

/** Condition types. Those of requests are `True` once the step is behind us; `False` with a reason while it is not. */
export const conditionTypes = {
  /** The source's state is fixed: the snapshot is cut (or the source is used live). Backups only. */
  captured: 'Captured',
  /** A place among the running requests was given. */
  admitted: 'Admitted',
  /** The staging PVC stands in the protected namespace. */
  staged: 'Staged',
  /** The mover has finished and its result is recorded. */
  moved: 'Moved',
  /** What was moved is checked and right. Where the class wants that. */
  verified: 'Verified',
  /** The volume belongs to the destination claim. Restores only. */
  handedOver: 'HandedOver',
  /** The snapshot is gone from the repository. Deletes only. */
  removed: 'Removed',
  /** Data that no snapshot needs is gone from the repository. Prunes only. */
  pruned: 'Pruned',
  /** The repository is gone; `False` says why it is not. Prunes that find no snapshot, where the class wants it gone. */
  repositoryRemoved: 'RepositoryRemoved',
  /** Nothing created for this request remains. */
  cleanedUp: 'CleanedUp',
  /** A controller has the mover and can use what the class says. Classes only, as the next three. */
  accepted: 'Accepted',
  /** What does the mover's work is installed and serves. Where the mover needs something. */
  engineServing: 'EngineServing',
  /** What gives access to the repositories is there. Where the mover knows. */
  credentialsPresent: 'CredentialsPresent',
  /** The store of the repositories answers. Where the mover can ask it. */
  repositoryReachable: 'RepositoryReachable',
  /** `True` when Completed, `False` otherwise: what `kubectl wait` looks at. */
  ready: 'Ready',
} as const;

export type ConditionType = (typeof conditionTypes)[keyof typeof conditionTypes];

/** Reason of condition `RepositoryRemoved` where the repository has to stay. */
export const repositoryKept = 'Kept';

/** Reason of condition `CleanedUp` of a request that has ended although something made for it remains. */
export const leftBehind = 'LeftBehind';

/** Reasons for which a request fails for good (`status.failure.reason`). */
export const failureReasons = {
  ClassNotFound: 'the named DataMoverClass does not exist, or is being deleted',
  NoClass: 'no DataMoverClass that takes the volume matches, and no default class takes it',
  AmbiguousClass: 'more than one DataMoverClass selects the PVC',
  InvalidConfig: "the mover's configuration does not fit its schema",
  InvalidRequest: 'the request contradicts itself or the cluster',
  SourceNotFound: 'the source of the backup does not exist',
  SourceNotBound: 'the source PVC is not bound to a volume',
  UnsupportedVolumeMode: 'the mover cannot move volumes of this mode',
  VolumeNotTaken: 'spec.volumes of the named DataMoverClass excludes the volume',
  SnapshotNotSupported: "no VolumeSnapshotClass serves the volume's CSI driver",
  SnapshotFailed: 'the CSI driver could not take the snapshot',
  StagingFailed: 'the staging volume could not be provided',
  SecretNotFound: 'the secret with the repository access does not exist',
  SecretInvalid: 'the secret with the repository access lacks a key or cannot be read',
  StorageLocationNotFound: 'the BackupStorageLocation that is to hold the repository does not exist',
  StorageLocationInvalid: 'the BackupStorageLocation cannot hold repositories',
  WrongPassword: "the repository's password is not the one in the secret",
  RepositoryUnreachable: 'the repository or its bucket cannot be reached',
  RepositoryMissing: 'the repository is not there, or does not hold the recorded data',
  RepositoryLocked: 'the repository is locked by another process',
  RepositoryDamaged: 'the repository holds something that cannot be read',
  PermissionDenied: 'access to the repository or to a file was denied',
  NoSpace: 'a volume or the store is full',
  OutOfMemory: 'the mover ran out of memory',
  UnreadableSource: 'files of the source could not be read',
  UnsupportedContent: 'the volume holds data that the mover does not save',
  Unschedulable: "the mover's pod cannot be scheduled",
  MoverFailed: 'the mover failed for another reason',
  SnapshotMismatch: 'the mover restored something else than the recorded snapshot',
  VerificationFailed: 'what the mover has moved is not what the repository holds',
  RecordMissing: 'the record of the backup is missing',
  BackupNotCompleted: 'the recorded backup did not complete',
  DestinationNotFound: 'the destination PVC did not appear, or was deleted before it got its volume',
  DestinationBound: 'the destination PVC is bound to another volume already',
  DestinationInUse: 'the destination PVC, whose data is to be replaced, is in use',
  DestinationMismatch: 'the restored volume does not fit the destination PVC',
  DeadlineExceeded: 'a step took longer than its deadline',
  Forbidden: 'the request reaches for something its namespace may not have',
} as const;

export type FailureReason = keyof typeof failureReasons;

/** Reasons of the Events that the controller records. */
export const eventReasons = {
  captured: 'DataCaptured',
  queued: 'DataMoverQueued',
  moving: 'DataMoverStarted',
  completed: 'DataMoverCompleted',
  failed: 'DataMoverFailed',
  canceled: 'DataMoverCanceled',
  warning: 'DataMoverWarning',
  classReady: 'DataMoverClassReady',
  classNotReady: 'DataMoverClassNotReady',
} as const;

export type EventReason = (typeof eventReasons)[keyof typeof eventReasons];
