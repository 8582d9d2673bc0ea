import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isAlreadyExists } from '../../kube/client/kube-error.ts';

/** Creates objects of deterministic names. */
export interface Creator {
  /**
   * That the object stands already is a success, since only we choose its name. It is not asked for again while the
   * cache may not have seen it yet; if it is still not there after that, somebody removed it, and it is made anew.
   */
  createOnce<T extends Resource>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<void>;
  /** To be called when an object was deleted that is to be made anew. */
  forget<T extends Resource>(kind: Kind<T>, key: Key): void;
}

/** Longer than a watch takes to bring back what was just created. */
const CACHE_LAG_MS = 5_000;

export function createCreator(client: KubeClient, now: () => Date): Creator {
  /** When each object was created, in that order. */
  const recent = new Map<string, number>();

  function forgetOld(time: number): void {
    for (const [id, createdAt] of recent) {
      if (time - createdAt < CACHE_LAG_MS) return;
      recent.delete(id);
    }
  }

  return {
    async createOnce(kind, object, signal) {
      const time = now().getTime();
      forgetOld(time);
      const id = idOf(kind, keyOf(object));
      if (recent.has(id)) return;
      try {
        await client.create(kind, object, { signal });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      recent.set(id, time);
    },
    forget(kind, key) {
      recent.delete(idOf(kind, key));
    },
  };
}

function idOf<T extends Resource>(kind: Kind<T>, key: Key): string {
  return `${kind.plural}.${kind.group}/${formatKey(key)}`;
}
