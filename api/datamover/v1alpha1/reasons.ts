import { conditionReasons as commonReasons, conditionTypes as common } from '../../common/conditions.ts';

/** Condition types, failure reasons and Event reasons. One table each, so objects, tests and documentation use the same words. */

/** Condition types. On requests: `True` if the step is done, otherwise `False` with a reason. */
export const conditionTypes = {
  /** The data is fixed: the snapshot is cut (or the source is read live). Backups only. */
  captured: 'Captured',
  /** The request has a slot. */
  admitted: 'Admitted',
  /** The staging PVC exists in the protected namespace. */
  staged: 'Staged',
  /** The mover has finished and its result is recorded. */
  moved: 'Moved',
  /** What was moved was verified. Only if the class requires it. */
  verified: 'Verified',
  /** The destination claim has the volume. Restores only. */
  handedOver: 'HandedOver',
  /** The snapshot was removed from the repository. Deletes only. */
  removed: 'Removed',
  /** Data that no snapshot needs was removed from the repository. Prunes only. */
  pruned: 'Pruned',
  /**
   * The repository was removed; `False` has the reason why not. Prunes that find no snapshot, if the class removes empty
   * repositories.
   */
  repositoryRemoved: 'RepositoryRemoved',
  /** Nothing created for this request remains. */
  cleanedUp: common.cleanedUp,
  /** A controller has the mover and can use the spec of the class. Classes only, like the next three. */
  accepted: 'Accepted',
  /** The engine of the mover is installed and serves. Only if the mover needs one. */
  engineServing: 'EngineServing',
  /** The access to the repositories is configured. Only if the mover can check it. */
  credentialsPresent: 'CredentialsPresent',
  /** The store of the repositories responds. Only if the mover can check it. */
  repositoryReachable: 'RepositoryReachable',
  /** `True` if the phase is Completed, otherwise `False`; for `kubectl wait`. */
  ready: common.ready,
} as const;

export type ConditionType = (typeof conditionTypes)[keyof typeof conditionTypes];

/** Reasons of conditions for which no phase and no failure gives a reason. */
export const conditionReasons = {
  /** `Succeeded` also means that the class passes the check. */
  ...commonReasons,
  /** What the class refers to exists. */
  available: 'Available',
} as const;

/** Reason of condition `RepositoryRemoved` if the repository must stay. */
export const repositoryKept = 'Kept';

/** Reasons of final failures (`status.failure.reason`). */
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
  StorageLocationNotFound: 'the BackupStorageLocation of the repository does not exist',
  StorageLocationInvalid: 'the BackupStorageLocation cannot hold repositories',
  WrongPassword: "the repository's password is not the one in the secret",
  RepositoryUnreachable: 'the repository or its bucket cannot be reached',
  RepositoryMissing: 'the repository does not exist, or does not contain the recorded data',
  RepositoryLocked: 'the repository is locked by another process',
  RepositoryDamaged: 'the repository contains data that cannot be read',
  PermissionDenied: 'access to the repository or to a file was denied',
  NoSpace: 'a volume or the store is full',
  OutOfMemory: 'the mover ran out of memory',
  UnreadableSource: 'files of the source could not be read',
  UnsupportedContent: 'the volume contains data that the mover does not save',
  Unschedulable: "the mover's pod cannot be scheduled",
  MoverFailed: 'the mover failed for another reason',
  SnapshotMismatch: 'the mover did not restore the recorded snapshot',
  VerificationFailed: 'the moved data differs from the contents of the repository',
  RecordMissing: 'the record of the backup is missing',
  BackupNotCompleted: 'the recorded backup did not complete',
  DestinationNotFound: 'the destination PVC did not appear, or was deleted before it got its volume',
  DestinationBound: 'the destination PVC is already bound to another volume',
  DestinationInUse: 'the destination PVC, whose data is to be replaced, is in use',
  DestinationMismatch: 'the restored volume does not fit the destination PVC',
  DeadlineExceeded: 'a step took longer than its deadline',
  Forbidden: 'the request refers to something that its namespace may not use',
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
