import { configMaps, jobs, secrets, type Job } from '../../../api/kubernetes/core.ts';
import { keyOf } from '../../../api/kubernetes/meta.ts';
import type { Manifest } from '../../../testing/manifest/manifest.ts';
import type { FakeKube } from '../fake-kube.ts';

/** Volumes by their claims, repositories by their paths. */
export interface Store {
  volumes: Map<string, Manifest>;
  repositories: Map<string, Repository>;
}

export interface Repository {
  password: string;
  snapshots: { id: string; content: Manifest }[];
  isLocked: boolean;
}

/** The task of a Job of the memory mover, stored in its annotations. */
export interface Task {
  verb: 'backup' | 'restore' | 'verify' | 'forget' | 'prune' | 'remove';
  secret: string;
  repository: string;
  claim: string;
  snapshotID?: string | undefined;
  /** True if the task never ends. */
  isSlow?: boolean | undefined;
}

export type Result = { done: Record<string, unknown> } | { failed: { reason: string; message: string } };

/** Annotations of a Job. */
export const TASK = 'example.com/task';
export const RESULT = 'example.com/result';

/** Duration of a step; a Job takes two. */
const STEP_MS = 5;

/** Delay until the garbage collector runs. */
const GARBAGE_MS = 50;

/** A defect of the engine of a broken mover. */
export type EngineFault =
  | 'restores the newest'
  | 'forgets everything'
  | 'loses modes'
  | 'keeps its lock'
  | 'keeps the lock of half an upload';

/** Executes the Jobs of a fake API server, one step at a time, as pods would. */
export function runEngine(kube: FakeKube, store: Store, fault?: EngineFault): void {
  let count = 0;

  function repositoryOf({ repository, secret, verb }: Task, password: string): Repository | Result {
    const found = store.repositories.get(repository);
    if (found === undefined) {
      if (verb !== 'backup') return failed('RepositoryMissing', `there is no repository ${repository}`);
      const made: Repository = { password, snapshots: [], isLocked: false };
      store.repositories.set(repository, made);
      return made;
    }
    if (found.isLocked) return failed('RepositoryLocked', `repository ${repository} is locked`);
    if (found.password !== password) return failed('WrongPassword', `Secret ${secret} has another password`);
    return found;
  }

  const verbs: Record<Task['verb'], (task: Task, repository: Repository) => Result> = {
    backup({ claim }, { snapshots }) {
      const content: Manifest = store.volumes.get(claim) ?? new Map();
      if (content.size === 0) return { done: { empty: true } };
      const id = `snapshot-${++count}-`;
      snapshots.push({ id, content });
      const uploadedBytes = snapshots.length === 1 ? 10 : 1;
      return { done: { snapshotID: id, files: content.size, uploadedBytes } };
    },
    restore({ claim, snapshotID }, { snapshots }) {
      const found =
        fault === 'restores the newest' ? snapshots.at(-1) : snapshots.find(({ id }) => id === snapshotID);
      if (found === undefined) return failed('SnapshotMismatch', `there is no snapshot ${snapshotID ?? ''}`);
      const entries = [...found.content].map(([path, entry]) => [path, { ...entry, mode: '0644' }] as const);
      store.volumes.set(claim, fault === 'loses modes' ? new Map(entries) : found.content);
      return { done: { snapshotID } };
    },
    verify({ claim, snapshotID }, { snapshots }) {
      const content: Manifest = snapshots.find(({ id }) => id === snapshotID)?.content ?? new Map();
      for (const [path, { sha256 = '' }] of content)
        if (store.volumes.get(claim)?.get(path)?.sha256 !== sha256)
          return failed('VerificationFailed', `${path} differs`);
      return { done: { files: content.size, bytes: 0 } };
    },
    forget({ snapshotID }, repository) {
      const kept = repository.snapshots.filter(({ id }) => id !== snapshotID);
      const alreadyGone = kept.length === repository.snapshots.length;
      repository.snapshots = fault === 'forgets everything' ? [] : kept;
      return { done: { alreadyGone } };
    },
    prune: (_, { snapshots }) => ({ done: { snapshots: snapshots.length } }),
    remove({ repository }) {
      store.repositories.delete(repository);
      return { done: {} };
    },
  };

  function work(job: Job): void {
    const task = taskOf(job);
    const { namespace = '' } = job.metadata;
    const secret = kube.peek(secrets, { namespace, name: task.secret });
    const password = secret?.stringData?.['password'] ?? '';
    const repository = repositoryOf(task, password);
    finish(job, 'snapshots' in repository ? verbs[task.verb](task, repository) : repository);
  }

  function finish(job: Job, result: Result): void {
    kube.edit(jobs, keyOf(job), (object) => {
      object.metadata.annotations = { ...object.metadata.annotations, [RESULT]: JSON.stringify(result) };
      object.status = { ...object.status, active: 0 };
    });
  }

  /** Ignores a Job that was deleted in the meantime. */
  function stands(job: Job): boolean {
    const now = kube.peek(jobs, keyOf(job));
    return now?.metadata.uid === job.metadata.uid;
  }

  function begin(job: Job): void {
    setTimeout(() => {
      if (!stands(job)) return;
      kube.edit(jobs, keyOf(job), (object) => (object.status = { active: 1 }));
      setTimeout(() => {
        if (stands(job) && !taskOf(job).isSlow) work(job);
      }, STEP_MS);
    }, STEP_MS);
  }

  kube.reactors.add((kind, before, after) => {
    if (kind.plural !== jobs.plural) return;
    if (before === undefined) begin(after as Job);
    if (before === undefined || after !== undefined) return;
    if (keepsLock(before)) lock(before);
    if (before.metadata.annotations?.[RESULT] === undefined) makeLate(before);
  });

  /** Behaves like an engine that is in the middle of its work and has not yet noticed the deletion. */
  function makeLate({ apiVersion, kind, metadata: { namespace = '', name, uid = '' } }: Job): void {
    const metadata = { namespace, name, ownerReferences: [{ apiVersion, kind, name, uid }] };
    kube.seed(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    setTimeout(() => kube.collectGarbage(), GARBAGE_MS);
  }

  function keepsLock(job: Job): boolean {
    const isHalf = taskOf(job).isSlow === true && job.status?.active === 1;
    return fault === 'keeps its lock' || (fault === 'keeps the lock of half an upload' && isHalf);
  }

  function lock(job: Job): void {
    const { repository } = taskOf(job);
    const made: Repository = { password: '', snapshots: [], isLocked: true };
    const found = store.repositories.get(repository) ?? made;
    found.isLocked = true;
    store.repositories.set(repository, found);
  }
}

function taskOf({ metadata }: Job): Task {
  return JSON.parse(metadata.annotations?.[TASK] ?? '') as Task;
}

function failed(reason: string, message: string): Result {
  return { failed: { reason, message } };
}
