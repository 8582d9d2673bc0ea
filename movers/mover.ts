import type { Condition, OwnerReference, Resource } from '../api/kubernetes/meta.ts';
import type { DataMoverClassSpec } from '../api/datamover/v1alpha1/data-mover-class.ts';
import type { FailureReason } from '../api/datamover/v1alpha1/reasons.ts';
import type { RequestKind } from '../api/datamover/v1alpha1/names.ts';
import type { VeleroLocation } from './velero-location.ts';

/**
 * What every mover is, wherever it carries data to: classes, the checks before a request and clean-up need no more. One that
 * copies from volume to volume has no repository and no snapshots; it will be this, with a method for that.
 *
 * A mover keeps no state of its own between calls that it could not rebuild from the cluster: each method is called again and
 * again until its outcome is final, after a restart too, and must then find what it began instead of beginning anew.
 */
export interface AnyMover<Config = unknown> {
  /** What `DataMoverClass.spec.mover` says to choose this mover. */
  readonly name: string;
  readonly capabilities: MoverCapabilities;
  /**
   * Settings that a request may choose for itself; all others are the class's. Tenants write requests, so nothing belongs here
   * that reaches beyond their own transfer.
   */
  readonly requestSettings: readonly string[];
  /**
   * Settings that say where data lies and how it is reached. They must be the same for all volumes of a class, whatever their
   * StorageClass, which may be another one when data is restored or removed. Absent: none.
   */
  readonly placeSettings?: readonly string[];
  /**
   * The setting `{ name }` that names the secret with the access to repositories. A request may choose one of those that the class
   * lists in the setting `allowed`, which the mover does not get to see. Absent: none may be chosen.
   */
  readonly secretSetting?: { name: string; allowed: string };

  /**
   * Checks and completes the configuration (class and request already merged). `problem` says what is wrong with it. `notes` name
   * settings that are accepted and have no effect, one sentence each; the status of the class shows them.
   */
  parseConfig(
    raw: Readonly<Record<string, unknown>>,
  ): { config: Config; notes?: readonly string[] } | { problem: string };

  /**
   * Why a request may not have what it has chosen of {@link requestSettings}, beside what its class says: a volume that is too
   * large, for example. The text begins with the setting's name. Both are right for `parseConfig`. Absent: it may.
   */
  refuseChoice?(
    chosen: Readonly<Record<string, unknown>>,
    ofClass: Readonly<Record<string, unknown>>,
  ): string | undefined;

  /**
   * Whether the engine that does the work is installed and serves. Asked about once a minute for the status of classes; it
   * stops no request. Absent: the mover needs none.
   */
  checkEngine?(signal: AbortSignal): Promise<Finding>;

  /**
   * Removes everything that the mover made for the request, whatever state it is in.
   * Answers what is left of it, by kind and name; it is called again until that is nothing.
   */
  cleanup(request: MoverTarget & { signal: AbortSignal }): Promise<string[]>;

  /**
   * What stands in the protected namespace with the labels of requests, made by the mover. What is found of a request that is over
   * has {@link cleanup} called for the request once more. Absent: nothing is looked for.
   */
  children?(): readonly Resource[];

  /** Names of the claims that the mover makes for a request in the protected namespace beside the staging one, caches for example. */
  claimsOf(request: MoverTarget): string[];
}

/**
 * A data mover: the engine that carries bytes between a staging PVC in the protected namespace and a repository.
 *
 * Everything around it (class, capture, admission, staging, deadlines, status, events, hand-over, clean-up) is written
 * once and works for every mover.
 */
export interface Mover<Config = unknown> extends AnyMover<Config> {
  /** Names of other movers whose snapshots it can restore and remove, because its repositories are like theirs. */
  readonly understands?: readonly string[];

  /**
   * What ids of its snapshots look like. Requests carry ids that tenants have written, or that come from a bucket; one that
   * does not match as a whole is refused before anything is made for the request, and never reaches the mover. The pattern
   * must not match what begins with `-`, is a path, or selects a snapshot instead of naming it, such as `latest`.
   */
  readonly snapshotIDs: SnapshotIDs;

  /**
   * What is missing for the way to the repository, as far as that can be told without going it; a failure ends the request
   * before anything is made for it. Called before the snapshot is cut, so it must be quick. Absent: nothing to check.
   */
  checkAccess?(request: AccessRequest<Config>): Promise<Refusal | undefined>;

  /**
   * Whether the store of the repositories answers, seen from the controller. Asked like {@link checkEngine}; it sends no
   * credentials and writes nothing. Absent: nobody looks.
   */
  checkStore?(request: AccessRequest<Config>): Promise<Finding>;

  /** Moves the staging volume's data into the repository. */
  backup(request: MoverRequest<Config>): Promise<MoverOutcome<BackupFacts>>;

  /** Moves exactly the recorded snapshot from the repository onto the staging volume. */
  restore(request: RestoreMoverRequest<Config>): Promise<MoverOutcome<RestoreFacts>>;

  /**
   * Checks, by other means than those that moved it, that the repository and the volume hold what was moved. A difference is a
   * failure for `VerificationFailed` that names the first one. Absent: the mover can check at no level.
   */
  verify?(request: VerifyRequest<Config>): Promise<MoverOutcome<VerifyFacts>>;

  /**
   * Removes exactly this snapshot from the repository and nothing else. A snapshot that is not there any more is a
   * success: the wish is fulfilled. The space may come back later, by {@link prune}. Absent: it keeps nothing to remove.
   */
  forget?(request: ForgetRequest<Config>): Promise<MoverOutcome<ForgetFacts>>;

  /**
   * Gives back the space of what was forgotten, in bounded work. Nothing else uses the repository meanwhile, by our doing at
   * least. Absent: forgetting does that already.
   */
  prune?(request: RepositoryRequest<Config>): Promise<MoverOutcome<PruneFacts>>;

  /**
   * Removes the repository itself, in which {@link prune} has just found no snapshot and which nothing has used since; also
   * what an earlier call has left of it. Whatever holds more than an empty repository does is kept as it is. Absent: cannot.
   */
  removeRepository?(request: RepositoryRequest<Config>): Promise<MoverOutcome<RemovalFacts>>;

  /**
   * Ids of all snapshots that a backup is known to have saved, in all of its tries. What is in none of the records is
   * forgotten, so an id is only given where the mover itself named it. Absent: a try that fails saves nothing.
   */
  savedSnapshots?(request: MoverTarget & { signal: AbortSignal }): Promise<readonly string[]>;
}

/** The form of a mover's snapshot ids. */
export interface SnapshotIDs {
  /** Matched against the whole id; needs no anchors. */
  pattern: RegExp;
  /** The same in words, to follow "a snapshot is named by": `8 to 64 hexadecimal digits`. */
  form: string;
}

/** What was found of something that a class depends on; it becomes a condition of the class. */
export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

/** What it can do and its users would notice. What it cannot is refused before anything is made. */
export interface MoverCapabilities {
  volumeModes: readonly ('Filesystem' | 'Block')[];
  /** A volume must allow one of them at least. */
  accessModes: readonly AccessMode[];
  /** Whether it may read a volume that an application goes on writing to. */
  liveSource: boolean;
  /** Whether it tells what it has moved while it works; of one that does not, silence is no sign of standing still. */
  byteProgress: boolean;
  /** Whether another backup of the same volume carries only what has changed. */
  incremental: boolean;
  /** The levels at which it can verify. */
  verify: readonly VerifyLevel[];
  /** Whether single backups can be removed. */
  forget: boolean;
}

export type AccessMode = 'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod';

/** What a request is for. */
export type { RequestKind };

/** Which request this is about: all that clean-up needs. */
export interface MoverTarget {
  kind: RequestKind;
  /** Unique per request and valid as object name: children in the protected namespace are named after it. */
  name: string;
  /** Labels and annotations that children carry. */
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** What decides how a request reaches its repository. */
export interface AccessRequest<Config> {
  kind: RequestKind;
  config: Config;
  /** Where Velero keeps the backup that the request belongs to, for movers that put their repositories there too. */
  veleroLocation(): Promise<VeleroLocation>;
  signal: AbortSignal;
}

/** What every request for work says. */
export interface WorkRequest<Config> extends MoverTarget {
  config: Config;
  /**
   * An object in the protected namespace that goes when the request is over: what is made for the request names it as owner, so
   * that Kubernetes deletes also what appears after the clean-up. Absent: there is none.
   */
  owner?: OwnerReference | undefined;
  /** When the mover was first asked to start, RFC 3339. */
  since: string;
  /** Called by a mover before it starts work that must not be done twice; throws when our view of the request is old. */
  assertCurrent(): Promise<void>;
  signal: AbortSignal;
}

/** What every request says that has to do with a repository. */
export interface RepositoryRequest<Config> extends WorkRequest<Config>, AccessRequest<Config> {
  /** Path of the repository below the mover's configured base; no leading or trailing slash. */
  repositoryPath: string;
  /**
   * The identity that the repository must have, as a backup has reported it; nothing is changed in another one, and the outcome
   * is a failure for `RepositoryMissing`. Absent: not known.
   */
  repositoryID?: string | undefined;
}

/** A request to move data from or to a staging volume. */
export interface MoverRequest<Config> extends RepositoryRequest<Config>, StagedVolume {}

/** The volume that is read or written. */
export interface StagedVolume {
  /** Name of the staging PVC in the protected namespace. */
  stagingClaim: string;
  /** StorageClass of the volume that the data comes from or goes to, if it can make other volumes too. */
  storageClassName: string | undefined;
  /** The only node on which the staging volume can be used; absent: the volume itself says where it can be. */
  node?: string;
}

export interface ForgetRequest<Config> extends RepositoryRequest<Config> {
  snapshotID: string;
}

export interface RestoreMoverRequest<Config> extends MoverRequest<Config> {
  snapshotID: string;
  /** The storage location that the record names, by its name in the cluster of the backup. For messages. */
  recordedLocation: string | undefined;
  /** RFC 3339; not earlier than the snapshot and earlier than the repository's next one. */
  snapshotTime: string | undefined;
  /** What the volume's root folder is to be like; absent: nothing is recorded of it. */
  rootFolder?: RootFolder | undefined;
}

export type VerifyLevel = Exclude<DataMoverClassSpec['verify'], 'None'>;

/** A request to check what a transfer has moved. The staging volume is still there; the mover lets go of it in clean-up only. */
export interface VerifyRequest<Config> extends MoverRequest<Config> {
  level: VerifyLevel;
  snapshotID: string;
  /** What the mover itself reported. */
  reported: { snapshotTime?: string | undefined; bytes?: number | undefined; files?: number | undefined };
  /** True when the volume is in use, so that it may hold something else by now. */
  isLive: boolean;
}

export interface MoverProgress {
  bytesDone: number;
  totalBytes?: number | undefined;
  filesDone?: number | undefined;
  totalFiles?: number | undefined;
}

/** The folder that holds everything else of a volume. */
export interface RootFolder {
  /** Permissions, in octal. */
  mode: string;
  uid: number;
  gid: number;
  /** Its last change, RFC 3339, to the second. */
  time: string;
}

/** What a backup produced, as the mover itself reported it. Either a snapshot id or `empty`. */
export interface BackupFacts {
  snapshotID?: string;
  /**
   * What tells the repository apart from any other, also from one made at the same path later: letters, digits, `.`, `_`, `:`, `-`.
   * Requests about the snapshot name it again. Absent: the mover cannot tell.
   */
  repositoryID?: string;
  /** RFC 3339, the mover's clock. */
  snapshotTime?: string;
  bytes?: number;
  files?: number;
  uploadedBytes?: number;
  empty?: boolean;
  /** The root of the volume. Absent: the mover does not report it. */
  rootFolder?: RootFolder;
  /** What the volume held and the snapshot does not, in one line for people. All contents of files are there. Absent: nothing. */
  notSaved?: string;
  /** Name of the BackupStorageLocation that holds the repository, where one does. */
  backupStorageLocation?: string;
}

/** What a restore wrote, as the mover itself reported it. */
export interface RestoreFacts {
  snapshotID: string;
  bytes?: number;
  files?: number;
  /** Contents are back; what around them is not as it was, in one line for people: owners, attributes, devices. Absent: nothing. */
  notPreserved?: string;
}

/** What the repository holds of it. */
export interface VerifyFacts {
  bytes: number;
  files: number;
}

/** What a removal found. */
export interface ForgetFacts {
  /** True when the snapshot was not there in the first place. */
  alreadyGone: boolean;
}

/** What a prune did, as far as the mover knows. */
export interface PruneFacts {
  freedBytes?: number;
  remainingBytes?: number;
  /** How many snapshots the repository held, while nothing could add one. */
  snapshots?: number;
}

/** Whether the repository is gone. */
export interface RemovalFacts {
  /** Why it is not. */
  kept?: string;
}

export type Refusal = Extract<MoverOutcome<never>, { state: 'Failed' }>;

/** The outcome of one look at the mover's work. Unexpected trouble (the API server is away, …) is thrown and tried again. */
export type MoverOutcome<Facts> =
  | {
      state: 'InProgress';
      /** One line for people. */
      message: string;
      /** What it is called if this stands until a deadline. Default: `DeadlineExceeded`. */
      reason?: FailureReason;
      progress?: MoverProgress;
      /** False until the mover's own process runs: another deadline applies. */
      started: boolean;
      /** Where its process runs, once that is known. */
      node?: string;
      /** When something last moved, RFC 3339, if the mover knows. */
      lastActivity?: string;
      /** Look again at the latest after this time even if nothing happens. */
      requeueAfterMs?: number;
    }
  | { state: 'Done'; facts: Facts; progress?: MoverProgress }
  | { state: 'Failed'; reason: FailureReason; message: string };
