import type { Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';

/** Records every version of the objects of one kind in one namespace, in order. */
export interface Recording<T extends Resource> {
  readonly versions: readonly T[];
  stop(): void;
}

export function record<T extends Resource>(kube: KubeClient, kind: Kind<T>, namespace: string): Recording<T> {
  const versions: T[] = [];
  const stop = new AbortController();
  const { signal } = stop;
  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      const { items, resourceVersion } = await kube.listPage(kind, { namespace, signal });
      versions.push(...items);
      const limits = { timeoutSeconds: 600, idleTimeoutMs: 600_000 };
      for await (const { type, object } of kube.watch(kind, {
        namespace,
        resourceVersion,
        signal,
        ...limits,
      })) {
        if (type === 'ADDED' || type === 'MODIFIED') versions.push(object);
      }
    }
  };
  // If the watch breaks, versions are missing and the story reports that.
  follow().catch(() => undefined);
  return {
    versions,
    stop: () => {
      stop.abort();
    },
  };
}
