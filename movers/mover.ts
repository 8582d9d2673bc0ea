import type { Condition, OwnerReference, Resource } from '../api/kubernetes/meta.ts';
import type { DataMoverClassSpec } from '../api/datamover/v1alpha1/data-mover-class.ts';
import type { FailureReason } from '../api/datamover/v1alpha1/reasons.ts';
import type { RequestKind } from '../api/datamover/v1alpha1/names.ts';
import type { VeleroLocation } from './velero-location.ts';

/**
 * The part of a mover that does not depend on where it moves data to. Class validation, admission checks and cleanup use only
 * this. A mover that copies from volume to volume, without repository or snapshots, would extend this interface with a method of
 * its own.
 *
 * A mover must not keep state between calls that it cannot rebuild from the cluster. Each method is called repeatedly until its
 * outcome is final, also after a restart of the controller; it must then continue the work it started and not start it again.
 */
export interface AnyMover<Config = unknown> {
  /** Value of `DataMoverClass.spec.mover` that selects this mover. */
  readonly name: string;
  readonly capabilities: MoverCapabilities;
  /**
   * Names of the settings that a request may override; all others come from the class. Tenants write requests, so list no setting
   * here that affects more than their own transfer.
   */
  readonly requestSettings: readonly string[];
  /**
   * Names of the settings that define where data is stored and how it is accessed. They must be the same for all volumes of a
   * class, because a volume may have a different StorageClass when its data is restored or deleted. Absent: none.
   */
  readonly placeSettings?: readonly string[];
  /**
   * `name` is the setting `{ name }` that references the Secret with the credentials of the repositories. A request may choose
   * one of the Secrets that the class lists in the setting `allowed`, which is not passed to the mover. Absent: a request cannot
   * choose a Secret.
   */
  readonly secretSetting?: { name: string; allowed: string };

  /**
   * Validates the configuration (class and request already merged) and fills in defaults. Returns `problem`, a message, if it is
   * invalid. `notes` are one sentence for each setting that is accepted but has no effect; they appear in the status of the
   * class.
   */
  parseConfig(
    raw: Readonly<Record<string, unknown>>,
  ): { config: Config; notes?: readonly string[] } | { problem: string };

  /**
   * Returns why the values that a request has chosen for {@link requestSettings} are not allowed with those of its class, for
   * example because a volume would be too large; `undefined` if they are. The text begins with the name of the setting. Both
   * arguments have already passed `parseConfig`. Absent: all values are allowed.
   */
  refuseChoice?(
    chosen: Readonly<Record<string, unknown>>,
    ofClass: Readonly<Record<string, unknown>>,
  ): string | undefined;

  /**
   * Reports whether the engine that does the work is installed and running. Called about once a minute for the status of classes;
   * the result does not block requests. Absent: the mover needs no engine.
   */
  checkEngine?(signal: AbortSignal): Promise<Finding>;

  /**
   * Deletes everything that the mover created for the request, in whatever state it is. Returns what remains, by kind and name,
   * and is called again until nothing remains.
   */
  cleanup(request: MoverTarget & { signal: AbortSignal }): Promise<string[]>;

  /**
   * Returns the objects with labels of requests that the mover created in the protected namespace. If one belongs to a request
   * that has ended, {@link cleanup} is called for that request again. Absent: no orphans are searched for.
   */
  children?(): readonly Resource[];

  /**
   * Returns the names of the claims that the mover creates for a request in the protected namespace beside the staging claim, for
   * example caches.
   */
  claimsOf(request: MoverTarget): string[];
}

/**
 * A data mover: moves data between a staging claim in the protected namespace and a repository.
 *
 * Everything around it (class, capture, admission, staging, deadlines, status, events, hand-over, cleanup) is written once and
 * works with every mover.
 */
export interface Mover<Config = unknown> extends AnyMover<Config> {
  /** Names of other movers whose snapshots this mover can restore and delete, because it uses the same repository format. */
  readonly understands?: readonly string[];

  /**
   * Form of this mover's snapshot ids. Ids in requests come from tenants or from a bucket; a request with an id that does not
   * match as a whole fails before anything is created, and the id never reaches the mover. The pattern must not match a text that
   * begins with `-`, a path, or a selector such as `latest`.
   */
  readonly snapshotIDs: SnapshotIDs;

  /**
   * Checks the access to the repository without connecting to it, for example that Secrets and keys exist. A returned failure
   * ends the request before anything is created for it. Called before the snapshot is taken, so it must be quick. Absent: nothing
   * to check.
   */
  checkAccess?(request: AccessRequest<Config>): Promise<Refusal | undefined>;

  /**
   * Reports whether the object store of the repositories can be reached from the controller. Called as often as {@link
   * checkEngine}; it sends no credentials and writes nothing. Absent: the store is not checked.
   */
  checkStore?(request: AccessRequest<Config>): Promise<Finding>;

  /** Copies the data of the staging volume into the repository. */
  backup(request: MoverRequest<Config>): Promise<MoverOutcome<BackupFacts>>;

  /** Copies exactly the recorded snapshot from the repository to the staging volume. */
  restore(request: RestoreMoverRequest<Config>): Promise<MoverOutcome<RestoreFacts>>;

  /**
   * Checks that repository and volume hold the data that was moved, by other means than those that moved it. A difference is a
   * failure with reason `VerificationFailed` whose message names the first difference. Absent: the mover supports no verification
   * level.
   */
  verify?(request: VerifyRequest<Config>): Promise<MoverOutcome<VerifyFacts>>;

  /**
   * Removes exactly this snapshot from the repository and nothing else. Succeeds if the snapshot no longer exists. The space may
   * be freed later, by {@link prune}. Absent: the mover stores nothing that could be removed.
   */
  forget?(request: ForgetRequest<Config>): Promise<MoverOutcome<ForgetFacts>>;

  /**
   * Frees the space of forgotten snapshots, in a bounded amount of work. The controller runs no other request on the repository
   * at the same time, but programs outside its control may use it. Absent: {@link forget} frees the space itself.
   */
  prune?(request: RepositoryRequest<Config>): Promise<MoverOutcome<PruneFacts>>;

  /**
   * Deletes the repository, in which {@link prune} has just found no snapshot and which no request has used since. Also deletes
   * what an earlier call left behind. Keeps a repository that contains more than an empty one does. Absent: the mover cannot
   * delete repositories.
   */
  removeRepository?(request: RepositoryRequest<Config>): Promise<MoverOutcome<RemovalFacts>>;

  /**
   * Returns the ids of all snapshots that a backup is known to have saved, in all of its tries. Snapshots that no record names
   * are forgotten, so return an id only if the mover itself reported it. Absent: a failed try saves nothing.
   */
  savedSnapshots?(request: MoverTarget & { signal: AbortSignal }): Promise<readonly string[]>;
}

export interface SnapshotIDs {
  /** Matched against the whole id; anchors are not needed. */
  pattern: RegExp;
  /** Description for messages, to follow "a snapshot is named by": `8 to 64 hexadecimal digits`. */
  form: string;
}

/** Result of checking something that a class depends on; it becomes a condition of the class. */
export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

/** What the mover supports, as far as users notice. A request that needs more is refused before anything is created for it. */
export interface MoverCapabilities {
  volumeModes: readonly ('Filesystem' | 'Block')[];
  /** The volume must have at least one of these. */
  accessModes: readonly AccessMode[];
  /** True if the mover can read a volume while an application writes to it. */
  liveSource: boolean;
  /**
   * True if the mover reports the bytes that it has moved while it runs. If false, lack of progress is not treated as a stall.
   */
  byteProgress: boolean;
  /** True if a later backup of the same volume uploads only changed data. */
  incremental: boolean;
  /** Supported verification levels. */
  verify: readonly VerifyLevel[];
  /** True if single backups can be removed. */
  forget: boolean;
}

export type AccessMode = 'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod';

export type { RequestKind };

/** Identifies the request; cleanup needs nothing else. */
export interface MoverTarget {
  kind: RequestKind;
  /** Unique per request and a valid object name: children in the protected namespace are named after it. */
  name: string;
  /** Labels and annotations to set on children. */
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** What determines how a request accesses its repository. */
export interface AccessRequest<Config> {
  kind: RequestKind;
  config: Config;
  /**
   * Returns the storage location of the Velero backup that the request belongs to, for movers that keep their repositories in it.
   */
  veleroLocation(): Promise<VeleroLocation>;
  signal: AbortSignal;
}

/** Fields common to all requests for work. */
export interface WorkRequest<Config> extends MoverTarget {
  config: Config;
  /**
   * An object in the protected namespace that is deleted when the request ends. Set it as owner of everything created for the
   * request, so that Kubernetes garbage collection also deletes objects that appear after the cleanup. Absent: no such object
   * exists.
   */
  owner?: OwnerReference | undefined;
  /** When the mover was first called for this request, RFC 3339. */
  since: string;
  /** Call this before starting work that must not be done twice; it throws if the cached request is stale. */
  assertCurrent(): Promise<void>;
  signal: AbortSignal;
}

/** Fields common to all requests that use a repository. */
export interface RepositoryRequest<Config> extends WorkRequest<Config>, AccessRequest<Config> {
  /** Path of the repository below the mover's configured base; no leading or trailing slash. */
  repositoryPath: string;
  /**
   * The id that the repository must have, as a backup reported it. If the repository has another id, change nothing and return a
   * failure with reason `RepositoryMissing`. Absent: not known.
   */
  repositoryID?: string | undefined;
}

/** A request to move data from or to a staging volume. */
export interface MoverRequest<Config> extends RepositoryRequest<Config>, StagedVolume {}

/** The volume that is read or written. */
export interface StagedVolume {
  stagingClaim: string;
  /** StorageClass of the volume that the data comes from or is restored to, if it can provision other volumes. */
  storageClassName: string | undefined;
  /** The only node on which the staging volume can be used. Absent: only the node affinity of the volume applies. */
  node?: string;
}

export interface ForgetRequest<Config> extends RepositoryRequest<Config> {
  snapshotID: string;
}

export interface RestoreMoverRequest<Config> extends MoverRequest<Config> {
  snapshotID: string;
  /** Name of the storage location in the record, as it is called in the cluster of the backup. Used in messages. */
  recordedLocation: string | undefined;
  /** RFC 3339; not before the time of the snapshot, and before that of the repository's next snapshot. */
  snapshotTime: string | undefined;
  /** Mode, owner and time to restore on the root folder of the volume. Absent: the record does not contain them. */
  rootFolder?: RootFolder | undefined;
}

export type VerifyLevel = Exclude<DataMoverClassSpec['verify'], 'None'>;

/** A request to verify a transfer. The staging volume still exists; the mover stops using it only in cleanup. */
export interface VerifyRequest<Config> extends MoverRequest<Config> {
  level: VerifyLevel;
  snapshotID: string;
  /** What the mover itself reported. */
  reported: { snapshotTime?: string | undefined; bytes?: number | undefined; files?: number | undefined };
  /** True if the volume is in use, so that its data may have changed since the transfer. */
  isLive: boolean;
}

export interface MoverProgress {
  bytesDone: number;
  totalBytes?: number | undefined;
  filesDone?: number | undefined;
  totalFiles?: number | undefined;
}

/** Attributes of the root folder of a volume. */
export interface RootFolder {
  /** Permissions, in octal. */
  mode: string;
  uid: number;
  gid: number;
  /** Time of its last change, RFC 3339, in whole seconds. */
  time: string;
}

/** What a backup produced, as the mover reported it. Contains either `snapshotID` or `empty`. */
export interface BackupFacts {
  snapshotID?: string;
  /**
   * Id that distinguishes the repository from every other one, also from one created later at the same path. Characters: letters,
   * digits, `.`, `_`, `:`, `-`. Later requests about the snapshot pass it back. Absent: the mover cannot determine it. A removal
   * that does not find the snapshot then fails, because nothing proves that it looked in the right repository.
   */
  repositoryID?: string;
  /** RFC 3339, by the clock of the mover. */
  snapshotTime?: string;
  bytes?: number;
  files?: number;
  uploadedBytes?: number;
  empty?: boolean;
  /** The root folder of the volume. Absent: the mover does not report it. */
  rootFolder?: RootFolder;
  /**
   * What the volume contained and the snapshot does not, as one line for users. File contents are always complete. Absent:
   * nothing.
   */
  notSaved?: string;
  /** Name of the BackupStorageLocation that contains the repository, if one does. */
  backupStorageLocation?: string;
}

/** What a restore wrote, as the mover reported it. */
export interface RestoreFacts {
  snapshotID: string;
  bytes?: number;
  files?: number;
  /**
   * What could not be restored beside file contents (owners, attributes, devices), as one line for users. Contents are complete.
   * Absent: nothing.
   */
  notPreserved?: string;
}

/** What the repository contains. */
export interface VerifyFacts {
  /** Size of the snapshot. */
  bytes: number;
  files: number;
  /** The repository's own id, which a backup records if its mover has not reported one. Absent: unknown. */
  repositoryID?: string;
}

/** Result of removing a snapshot. */
export interface ForgetFacts {
  /** True if the snapshot no longer existed. */
  alreadyGone: boolean;
}

/** Result of a prune, as far as the mover reports it. */
export interface PruneFacts {
  freedBytes?: number;
  remainingBytes?: number;
  /** Number of snapshots in the repository, counted while no new one could be added. */
  snapshots?: number;
}

/** Result of deleting a repository. */
export interface RemovalFacts {
  /** Why the repository was not deleted. Absent: it was deleted. */
  kept?: string;
}

export type Refusal = Extract<MoverOutcome<never>, { state: 'Failed' }>;

/** Outcome of one call. Unexpected errors, such as an unreachable API server, are thrown instead; the call is then retried. */
export type MoverOutcome<Facts> =
  | {
      state: 'InProgress';
      /** One line for users. */
      message: string;
      /** Reason of the failure if this state lasts until a deadline. Default: `DeadlineExceeded`. */
      reason?: FailureReason;
      progress?: MoverProgress;
      /** False until the mover's own process runs; until then another deadline applies. */
      started: boolean;
      /** Node on which the process runs, if known. */
      node?: string;
      /** Time of the last activity, RFC 3339, if known. */
      lastActivity?: string;
      /** Call again after at most this time, even if nothing changes. */
      requeueAfterMs?: number;
    }
  | { state: 'Done'; facts: Facts; progress?: MoverProgress }
  | { state: 'Failed'; reason: FailureReason; message: string };
