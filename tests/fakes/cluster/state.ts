import type { Key, Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { Clock } from '../../../kube/runtime/clock.ts';

/** What a double of the cluster can be told to leave undone until it is released. */
export type Duty =
  /** Volumes for claims. */
  | 'provision'
  /** Claims to the volumes that name them. */
  | 'bind'
  /** Snapshots of claims. */
  | 'cut'
  /** Snapshots over contents that stand already. */
  | 'ready'
  /** Everything that VolSync does. */
  | 'volsync'
  /** The end of claims that are being deleted. */
  | 'release claims'
  /** The news for volumes that their claims have gone. */
  | 'release volumes'
  /** The end of volumes that are released. */
  | 'reclaim'
  /** The end of snapshots that are being deleted. */
  | 'release snapshots'
  /** The end of what belongs to owners that are gone. */
  | 'collect';

/** A volume, snapshot or restic snapshot: what matters is only whether two of them are the same. Empty text: no files. */
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

/** What one run of a mover's pod did. */
export interface MoverRun {
  /** `running` goes on until it is ended by hand, `unscheduled` never begins. */
  end: 'succeeded' | 'failed' | 'running' | 'unscheduled';
  lines: string[];
  exitCode?: number;
  /** Of the container's end, `OOMKilled` for example. */
  reason?: string;
}

/** What a mover's pod is asked to do. */
export interface MoverTask {
  kind: 'backup' | 'restore';
  /** Name of the ReplicationSource or ReplicationDestination. */
  name: string;
  /** 1 for the first pod of the transfer. */
  attempt: number;
  /** True when stale locks are to be removed before. */
  unlock: boolean;
}

/** How the doubles write. What is written is seen by the next look. */
export interface Desk {
  /** Puts an object in, status included; replaces one of the same name. */
  seed<T extends Resource>(kind: Kind<T>, object: T, manager?: string): T;
  edit<T extends Resource>(kind: Kind<T>, key: Key, change: (object: T) => void): T;
  remove(kind: Kind<Resource>, key: Key): void;
}

/** The storage behind the API and the state that the doubles share. */
export interface ClusterState {
  kube: Desk;
  /** All objects of a kind, for reading only. */
  list<T extends Resource>(kind: Kind<T>): T[];
  /** One object, for reading only. */
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
  /** Decides what a mover's pod does; `undefined`: what restic would do. */
  script: ((task: MoverTask) => MoverRun | undefined) | undefined;
  /** Changes what the check of a transfer finds; `undefined`: what is so. */
  verification: ((honest: MoverRun) => MoverRun) | undefined;
  /** Changes what the look at a volume finds; `undefined`: that VolSync leaves out nothing. */
  survey: ((honest: MoverRun) => MoverRun) | undefined;
  /** Changes how the Job ends that restores a root folder; `undefined`: well. */
  metadataRestore: ((honest: MoverRun) => MoverRun) | undefined;
  /** What root folders were restored to, by volume handle: `mode:uid:gid:seconds`. */
  roots: Map<string, string>;
  /** Text of the CSI driver's refusal to cut snapshots. */
  snapshotError: string | undefined;
  /** Errors that VolSync shows, by name of the transfer. */
  volSyncErrors: Map<string, string>;
  /** True: VolSync could not read its pod's log. */
  losesLogs: boolean;
  /** After which a Job's first pod that has failed is replaced; twice that for the next. */
  backoffMs: number;
  /** Pods of movers that began to move data. */
  started: MoverTask[];
  /** Wakes the doubles after `ms`. */
  wakeAfter(ms: number): void;
}

/** What the doubles know before anything has happened. */
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

/** What a pod has printed; `ended` once it prints no more. */
export interface PodOutput {
  lines: string[];
  ended: boolean;
  /** Told of every change. */
  listeners: Set<() => void>;
}

/** RFC 3339 with whole seconds. */
export function timeOf(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
}
