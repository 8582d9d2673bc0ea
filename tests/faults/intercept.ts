import type { Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

/** One call of the controller. */
export interface Call {
  verb: 'get' | 'list' | 'podLog' | 'create' | 'apply' | 'applyStatus' | 'mergePatch' | 'delete';
  /** `create PersistentVolumeClaim velero/x`, for messages. */
  text: string;
  /** The object that it creates. */
  created?: Resource;
}

const READS: ReadonlySet<Call['verb']> = new Set(['get', 'list', 'podLog']);

export function isWrite({ verb }: Call): boolean {
  return !READS.has(verb);
}

/** Decides about a call: `act` sends it to the API server. */
export type Around = <R>(call: Call, act: () => Promise<R>) => Promise<R>;

/**
 * Returns the client with `around` at every call but the lists and watches of informers. Signals are not passed on: whatever is
 * sent arrives, as it may if a process dies or gives up.
 */
export function intercept(client: KubeClient, around: Around): KubeClient {
  const call = (verb: Call['verb'], kind: string, { namespace = '', name }: Resource['metadata']): Call => ({
    verb,
    text: `${verb} ${kind} ${namespace}/${name}`,
  });
  return {
    ...client,
    get: (kind, key) => around(call('get', kind.kind, key), () => client.get(kind, key)),
    create: (kind, object) =>
      around({ ...call('create', kind.kind, object.metadata), created: object }, () =>
        client.create(kind, object),
      ),
    apply: (kind, object, { signal: _, ...options } = {}) =>
      around(call('apply', kind.kind, object.metadata), () => client.apply(kind, object, options)),
    applyStatus: (kind, object, { signal: _, ...options } = {}) =>
      around(call('applyStatus', kind.kind, object.metadata), () =>
        client.applyStatus(kind, object, options),
      ),
    mergePatch: (kind, key, patch, { signal: _, ...options } = {}) =>
      around(call('mergePatch', kind.kind, key), () => client.mergePatch(kind, key, patch, options)),
    delete: (kind, key, { signal: _, ...options } = {}) =>
      around(call('delete', kind.kind, key), () => client.delete(kind, key, options)),
    async *list(kind, options) {
      await around(call('list', kind.kind, { name: '' }), () => Promise.resolve());
      yield* client.list(kind, options);
    },
    async *podLog(key, options) {
      await around(call('podLog', 'Pod', key), () => Promise.resolve());
      yield* client.podLog(key, options);
    },
  };
}
