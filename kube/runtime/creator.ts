import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isAlreadyExists } from '../client/kube-error.ts';
import type { Clock } from './clock.ts';

/** Creates objects with deterministic names. */
export interface Creator {
  /**
   * Creates an object; one that exists already is a success, because only this controller chooses the name. It is not created
   * again while the cache may lack it. If it still does not exist after that, it was deleted; the request is then enqueued and
   * the object is created again.
   */
  createOnce<T extends Resource>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<void>;
  /** Must be called before an object is deleted in order to be created again. */
  forget<T extends Resource>(kind: Kind<T>, key: Key): void;
}

/** Longer than a watch takes to deliver a new object. */
const CACHE_LAG_MS = 5_000;

export interface CreatorDependencies {
  client: KubeClient;
  clock: Clock;
  /** Enqueues the request of an object. */
  wake: (object: Resource) => void;
}

/** An object that the cache may lack. */
interface Recent {
  createdAt: number;
  /** True if the request will be enqueued when the cache must have the object. */
  isAwaited: boolean;
}

export function createCreator({ client, clock, wake }: CreatorDependencies): Creator {
  /** In order of creation. */
  const recent = new Map<string, Recent>();

  function forgetOld(time: number): void {
    for (const [id, { createdAt }] of recent) {
      if (time - createdAt < CACHE_LAG_MS) return;
      recent.delete(id);
    }
  }

  /**
   * Enqueues the request when the cache must have the object. The object may be deleted already and its deletion event have
   * passed, so no other event would end the wait.
   */
  function wakeIfAwaited(one: Recent, object: Resource, time: number): void {
    if (one.isAwaited) return;
    one.isAwaited = true;
    clock.after(one.createdAt + CACHE_LAG_MS - time, () => wake(object));
  }

  return {
    async createOnce(kind, object, signal) {
      const time = clock.monotonic();
      forgetOld(time);
      const id = idOf(kind, keyOf(object));
      const known = recent.get(id);
      if (known !== undefined) {
        wakeIfAwaited(known, object, time);
        return;
      }
      try {
        await client.create(kind, object, { signal });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      recent.set(id, { createdAt: time, isAwaited: false });
    },
    forget(kind, key) {
      recent.delete(idOf(kind, key));
    },
  };
}

function idOf<T extends Resource>(kind: Kind<T>, key: Key): string {
  return `${kind.plural}.${kind.group}/${formatKey(key)}`;
}
