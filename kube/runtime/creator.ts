import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isAlreadyExists } from '../client/kube-error.ts';
import type { Clock } from './clock.ts';

/** Creates objects of deterministic names. */
export interface Creator {
  /**
   * That the object stands already is a success, since only we choose its name. It is not asked for again while the
   * cache may not have seen it yet; if it is still not there after that, somebody removed it, and it is made anew.
   * The request is looked at then.
   */
  createOnce<T extends Resource>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<void>;
  /** To be called before an object is deleted that is to be made anew. */
  forget<T extends Resource>(kind: Kind<T>, key: Key): void;
}

/** Longer than a watch takes to bring back what was just created. */
const CACHE_LAG_MS = 5_000;

export interface CreatorDependencies {
  client: KubeClient;
  clock: Clock;
  /** Asks for another look at the request that an object was made for. */
  wake: (object: Resource) => void;
}

/** An object that the cache may not have seen yet. */
interface Recent {
  createdAt: number;
  /** Another look is due when the cache must have seen it. */
  isAwaited: boolean;
}

export function createCreator({ client, clock, wake }: CreatorDependencies): Creator {
  /** In the order of their creation. */
  const recent = new Map<string, Recent>();

  function forgetOld(time: number): void {
    for (const [id, { createdAt }] of recent) {
      if (time - createdAt < CACHE_LAG_MS) return;
      recent.delete(id);
    }
  }

  /** It may be gone already, and its going have been seen: then nothing else would end the wait for it. */
  function lookAgain(one: Recent, object: Resource, time: number): void {
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
        lookAgain(known, object, time);
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
