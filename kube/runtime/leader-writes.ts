import type { KubeClient } from '../client/kube-client.ts';
import { LeadershipLostError } from './leader-election.ts';

/**
 * A client that writes only while `isLeader` is true: every write of any other time rejects with a LeadershipLostError before it
 * is sent. Reads pass. What another process leads already must not be changed by the last passes of this one.
 */
export function writesOfLeader(client: KubeClient, isLeader: () => boolean): KubeClient {
  // Asynchronous, so that a caller gets a rejection as of any other write.
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
