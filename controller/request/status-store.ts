import type { Kind, Resource } from '../../api/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

/**
 * Writes requests and knows when the cache is behind those writes. A pass over an old copy would repeat
 * steps that are recorded as done, a second upload among them; it is skipped, because the watch brings the new copy at once.
 */
export interface StatusStore<T extends Resource & { status?: unknown }> {
  /** True when the cached object is older than what this process last wrote. */
  isStale(cached: T): boolean;
  /** Replaces the status if it differs; conditional on the resourceVersion that the pass read. True when written. */
  write(read: T, status: T['status'], signal: AbortSignal): Promise<boolean>;
  setFinalizers(read: T, finalizers: string[], signal: AbortSignal): Promise<void>;
  forget(uid: string): void;
}

export function createStatusStore<T extends Resource & { status?: unknown }>(
  client: KubeClient,
  kind: Kind<T>,
): StatusStore<T> {
  /** By uid: the resourceVersion that our last write replaced. */
  const replaced = new Map<string, string | undefined>();

  return {
    isStale({ metadata: { uid = '', resourceVersion } }) {
      if (!replaced.has(uid)) return false;
      if (replaced.get(uid) === resourceVersion) return true;
      replaced.delete(uid);
      return false;
    },
    async write(read, status, signal) {
      if (JSON.stringify(read.status ?? {}) === JSON.stringify(status)) return false;
      const { name, namespace, uid = '', resourceVersion } = read.metadata;
      const body = {
        apiVersion: read.apiVersion,
        kind: read.kind,
        metadata: {
          name,
          ...(namespace !== undefined && { namespace }),
          ...(resourceVersion !== undefined && { resourceVersion }),
        },
        status,
      };
      await client.applyStatus(kind, body as unknown as T, { signal });
      replaced.set(uid, resourceVersion);
      return true;
    },
    async setFinalizers(read, finalizers, signal) {
      const { name, namespace, uid = '', resourceVersion } = read.metadata;
      const key = namespace === undefined ? { name } : { namespace, name };
      await client.mergePatch(kind, key, { metadata: { resourceVersion, finalizers } }, { signal });
      replaced.set(uid, resourceVersion);
    },
    forget(uid) {
      replaced.delete(uid);
    },
  };
}
