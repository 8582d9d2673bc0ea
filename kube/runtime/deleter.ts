import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { DeleteOptions, KubeClient } from '../client/kube-client.ts';

/** One object that must not outlive its request. */
export interface Target {
  kind: Kind<Resource>;
  key: Key;
  /** What the cache knows of it. */
  cached: Resource | undefined;
  propagationPolicy?: DeleteOptions['propagationPolicy'];
  /**
   * Whether an object of that name was made for the request, where others may use the name: what was not is left alone and
   * counts as gone. Default: it was, since only we choose the name.
   */
  isOurs?: (object: Resource) => boolean;
  /** What has to be done right before it is deleted. Can be repeated, also where it is gone already. */
  prepare?: (signal: AbortSignal) => Promise<void>;
}

/**
 * Deletes objects of requests and tells when they are gone. The cache alone cannot tell: it may not have seen yet what
 * was created a moment ago. So every object is deleted at the API server once, cached or not, and only then the cache is believed.
 */
export interface Cleaner {
  /** Answers what is left, one name each. */
  remove(requestUid: string, targets: readonly Target[], signal: AbortSignal): Promise<string[]>;
  /** Forgets a request that is finished. */
  forget(requestUid: string): void;
}

/** `size` is the number of requests that it remembers. */
export function createCleaner(client: KubeClient): Cleaner & { readonly size: number } {
  const swept = new Map<string, Set<string>>();

  /** The object to delete; `undefined`: what has the name is another's. An object that nobody has seen yet has no uid. */
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
    // Where the one that the cache has seen is gone, another may have its name.
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

/** An object as messages call it. */
export function nameOf(object: Resource): string {
  return `${object.kind} ${formatKey(keyOf(object))}`;
}
