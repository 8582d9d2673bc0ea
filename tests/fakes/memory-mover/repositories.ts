import type { Manifest } from '../../../testing/manifest/manifest.ts';
import type { Result, Task } from './task.ts';

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

/** A defect of the engine of a broken mover. */
export type EngineFault =
  | 'restores the newest'
  | 'forgets everything'
  | 'loses modes'
  | 'keeps its lock'
  | 'keeps the lock of half an upload';

/** Creates the function that executes a task, with the password of its Secret. */
export function createExecutor(store: Store, fault?: EngineFault): (task: Task, password: string) => Result {
  let count = 0;

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

  return (task, password) => {
    const repository = repositoryFor(task, password, store);
    return 'snapshots' in repository ? verbs[task.verb](task, repository) : repository;
  };
}

function repositoryFor(
  { repository, secret, verb }: Task,
  password: string,
  store: Store,
): Repository | Result {
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

/** Leaves the lock of a process that was killed. */
export function lock({ repository }: Task, store: Store): void {
  const made: Repository = { password: '', snapshots: [], isLocked: true };
  const found = store.repositories.get(repository) ?? made;
  found.isLocked = true;
  store.repositories.set(repository, found);
}

function failed(reason: string, message: string): Result {
  return { failed: { reason, message } };
}
