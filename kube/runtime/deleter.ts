import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { DeleteOptions, KubeClient } from '../client/kube-client.ts';

/** An object that must be deleted with its request. */
export interface Target {
  kind: Kind<Resource>;
  key: Key;
  /** The object in the cache. */
  cached: Resource | undefined;
  propagationPolicy?: DeleteOptions['propagationPolicy'];
  /**
   * Returns true if the object was created for the request. Needed if others may use the name: foreign objects are not deleted
   * and count as removed. Default: true, because only this controller chooses the name.
   */
  isOurs?: (object: Resource) => boolean;
  /** Runs right before the deletion. Must be repeatable, even if the object does not exist. */
  prepare?: (signal: AbortSignal) => Promise<void>;
}

/**
 * Deletes the objects of requests and reports which remain. The cache may lack an object that was just created, so each object
 * is deleted once at the API server, cached or not; only after that the cache is trusted.
 */
export interface Cleaner {
  /** Deletes the targets and returns the names of those that remain. */
  remove(requestUid: string, targets: readonly Target[], signal: AbortSignal): Promise<string[]>;
  /** Forgets a request that has ended. */
  forget(requestUid: string): void;
}

/** Creates a cleaner. `size` is the number of remembered requests. */
export function createCleaner(client: KubeClient): Cleaner & { readonly size: number } {
  const swept = new Map<string, Set<string>>();

  /**
   * Returns the uid of the object to delete (none if the object was never seen); `undefined` if the name belongs to a foreign
   * object.
   */
  async function toDelete(target: Target, signal: AbortSignal): Promise<{ uid?: string } | undefined> {
    const { kind, key, isOurs } = target;
    const cached = ownOf(target);
    if (isOurs === undefined || cached !== undefined) return uidOf(cached);
    const found = await client.get(kind, key, { signal });
    return found !== undefined && isOurs(found) ? uidOf(found) : undefined;
  }

  async function removeOne(done: Set<string>, target: Target, signal: AbortSignal): Promise<boolean> {
    const { kind, key, propagationPolicy } = target;
    const cached = ownOf(target);
    const id = `${kind.plural}.${kind.group}/${formatKey(key)}`;
    const deletable = cached !== undefined && cached.metadata.deletionTimestamp === undefined;
    if (done.has(id) && !deletable) return cached === undefined;
    await target.prepare?.(signal);
    const object = await toDelete(target, signal);
    const existed =
      object !== undefined &&
      (await client.delete(kind, key, {
        signal,
        ...object,
        ...(propagationPolicy !== undefined && { propagationPolicy }),
      }));
    // If the cached object was already deleted, another one may have its name.
    if (existed || cached === undefined) done.add(id);
    return !existed && cached === undefined;
  }

  return {
    async remove(requestUid, targets, signal) {
      const done = swept.get(requestUid) ?? new Set();
      swept.set(requestUid, done);
      const gone = await Promise.all(targets.map((target) => removeOne(done, target, signal)));
      return targets
        .filter((_, index) => gone[index] !== true)
        .map(({ kind, key }) => `${kind.kind} ${formatKey(key)}`);
    },
    forget(requestUid) {
      swept.delete(requestUid);
    },
    get size() {
      return swept.size;
    },
  };
}

function ownOf({ cached, isOurs }: Target): Resource | undefined {
  return cached === undefined || isOurs?.(cached) === false ? undefined : cached;
}

function uidOf(object: Resource | undefined): { uid?: string } {
  const uid = object?.metadata.uid;
  return uid === undefined ? {} : { uid };
}

/** Returns kind, namespace and name for messages. */
export function nameOf(object: Resource): string {
  return `${object.kind} ${formatKey(keyOf(object))}`;
}
