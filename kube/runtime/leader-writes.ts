import type { KubeClient } from '../client/kube-client.ts';
import { LeadershipLostError } from './leader-election.ts';

/**
 * Returns a client that writes only while `isLeader` returns true. Any other write rejects with a LeadershipLostError before it
 * is sent; reads are always allowed. The last passes of a former leader must not change what the new leader works on.
 */
export function writesOfLeader(client: KubeClient, isLeader: () => boolean): KubeClient {
  // Async, so callers get a rejection instead of an exception.
  const write = async <T>(send: () => Promise<T>): Promise<T> => {
    if (!isLeader()) throw new LeadershipLostError('the lease is lost: nothing more is written');
    return send();
  };

  return {
    get: (kind, key, options) => client.get(kind, key, options),
    list: (kind, options) => client.list(kind, options),
    listPage: (kind, options) => client.listPage(kind, options),
    watch: (kind, options) => client.watch(kind, options),
    podLog: (key, options) => client.podLog(key, options),
    create: (...call) => write(() => client.create(...call)),
    apply: (...call) => write(() => client.apply(...call)),
    applyStatus: (...call) => write(() => client.applyStatus(...call)),
    mergePatch: (...call) => write(() => client.mergePatch(...call)),
    delete: (...call) => write(() => client.delete(...call)),
    close: () => client.close(),
  };
}
