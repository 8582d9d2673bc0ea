import type { Key, Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { Clock } from '../../../kube/runtime/clock.ts';

/** A duty of a double that can be held until a test releases it. */
export type Duty =
  /** Provisioning volumes for claims. */
  | 'provision'
  /** Binding claims to the volumes that name them. */
  | 'bind'
  /** Taking snapshots of claims. */
  | 'cut'
  /** Binding snapshots to existing contents. */
  | 'ready'
  /** Everything that VolSync does. */
  | 'volsync'
  /** Removing claims that are being deleted. */
  | 'release claims'
  /** Marking volumes as Released after their claims were deleted. */
  | 'release volumes'
  /** Deleting volumes that are Released. */
  | 'reclaim'
  /** Removing snapshots that are being deleted. */
  | 'release snapshots'
  /** Garbage collection of the dependents of deleted owners. */
  | 'collect';

/**
 * Content of a volume, a snapshot or a restic snapshot. Only equality matters; the empty string means that there are no files.
 */
export type Content = string;

/** One snapshot of a restic repository. */
export interface ResticSnapshot {
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  content: Content;
}

export interface Repository {
  password: string;
  snapshots: ResticSnapshot[];
}

/** What one run of a mover pod did. */
export interface MoverRun {
  /** `running` continues until a test ends it; `unscheduled` never starts. */
  end: 'succeeded' | 'failed' | 'running' | 'unscheduled';
  lines: string[];
  exitCode?: number;
  /** Reason of the container's termination, for example `OOMKilled`. */
  reason?: string;
}

/** The task of a mover pod. */
export interface MoverTask {
  kind: 'backup' | 'restore';
  /** Name of the ReplicationSource or ReplicationDestination. */
  name: string;
  /** 1 for the first pod of the transfer. */
  attempt: number;
  /** True if stale locks are removed first. */
  unlock: boolean;
}

/** Write access of the doubles. A write is visible at the next step. */
export interface ObjectWriter {
  /** Stores an object with its status; replaces one of the same name. */
  seed<T extends Resource>(kind: Kind<T>, object: T, manager?: string): T;
  edit<T extends Resource>(kind: Kind<T>, key: Key, change: (object: T) => void): T;
  remove(kind: Kind<Resource>, key: Key): void;
}

/** The storage behind the API and the state that the doubles share. */
export interface ClusterState {
  kube: ObjectWriter;
  /** Returns all objects of a kind, read-only. */
  list<T extends Resource>(kind: Kind<T>): T[];
  /** Returns one object, read-only. */
  get<T extends Resource>(kind: Kind<T>, key: Key): T | undefined;
  clock: Clock;
  /** The protected namespace, where movers run. */
  namespace: string;
  driver: string;
  held: { has(duty: Duty, object?: string): boolean };
  /** By volume handle. */
  disks: Map<string, Content>;
  /** By snapshot handle. */
  snapshots: Map<string, Content>;
  /** By value of RESTIC_REPOSITORY. */
  repositories: Map<string, Repository>;
  /** Lines of pods by `namespace/name`. */
  logs: Map<string, PodOutput>;
  /** Decides what a mover pod does; `undefined`: it does what restic would do. */
  script: ((task: MoverTask) => MoverRun | undefined) | undefined;
  /** Changes the result of the verification of a transfer; `undefined`: the true result. */
  verification: ((honest: MoverRun) => MoverRun) | undefined;
  /** Changes the result of the survey of a volume; `undefined`: VolSync leaves out nothing. */
  survey: ((honest: MoverRun) => MoverRun) | undefined;
  /** Changes how the Job that restores a root folder ends; `undefined`: it succeeds. */
  metadataRestore: ((honest: MoverRun) => MoverRun) | undefined;
  /** What root folders were restored to, by volume handle: `mode:uid:gid:seconds`. */
  roots: Map<string, string>;
  /** Message with which the CSI driver refuses to take snapshots. */
  snapshotError: string | undefined;
  /** Errors that VolSync reports, by name of the transfer. */
  volSyncErrors: Map<string, string>;
  /** True if VolSync cannot read the log of its pod. */
  losesLogs: boolean;
  /** Delay before the first failed pod of a Job is replaced; it doubles for each further pod. */
  backoffMs: number;
  /** Mover pods that have started to move data. */
  started: MoverTask[];
  /** Runs the doubles again after `ms`. */
  wakeAfter(ms: number): void;
}

/** Returns the initial state of the doubles. */
export function emptyState(): Pick<
  ClusterState,
  | 'disks'
  | 'snapshots'
  | 'repositories'
  | 'logs'
  | 'script'
  | 'verification'
  | 'survey'
  | 'metadataRestore'
  | 'roots'
  | 'snapshotError'
  | 'volSyncErrors'
  | 'losesLogs'
  | 'backoffMs'
  | 'started'
> {
  return {
    disks: new Map(),
    snapshots: new Map(),
    repositories: new Map(),
    logs: new Map(),
    script: undefined,
    verification: undefined,
    survey: undefined,
    metadataRestore: undefined,
    roots: new Map(),
    snapshotError: undefined,
    volSyncErrors: new Map(),
    losesLogs: false,
    backoffMs: 10_000,
    started: [],
  };
}

/** Output of a pod; `ended` once it is complete. */
export interface PodOutput {
  lines: string[];
  ended: boolean;
  /** Called at every change. */
  listeners: Set<() => void>;
}

/** Returns the time as RFC 3339 with whole seconds. */
export function timeOf(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
}
