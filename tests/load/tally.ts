import type { Resource } from '../../api/kubernetes/meta.ts';
import type { InformerSet } from '../../kube/cache/informer-set.ts';
import type { Informer } from '../../kube/cache/shared-informer.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

const WRITES = ['create', 'apply', 'applyStatus', 'mergePatch', 'delete'] as const;
const READS = ['get', 'list', 'listPage', 'watch', 'podLog'] as const;

/** The work of controllers, in units that do not depend on the speed of the machine. */
export interface Tally {
  /** Calls that change something. */
  writes: number;
  /** All calls of the API server. */
  requests: number;
  /** Objects that the caches have returned, individually or in lists, and changes that they have reported. */
  looked: number;
  /** The most units of work, calls and reads, in one turn of the event loop. */
  longestTurn: number;
}

export interface Counter {
  client(client: KubeClient): KubeClient;
  informers(informers: InformerSet): InformerSet;
  /** Returns the work since the last call, or since the start. */
  take(): Tally;
}

const NOTHING: Readonly<Tally> = { writes: 0, requests: 0, looked: 0, longestTurn: 0 };

/** Returns the sum of all work, and the longest of all turns. */
export function sumOf(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, one) => ({
      writes: sum.writes + one.writes,
      requests: sum.requests + one.requests,
      looked: sum.looked + one.looked,
      longestTurn: Math.max(sum.longestTurn, one.longestTurn),
    }),
    NOTHING,
  );
}

/** Counts the work of the clients and caches that it wraps, per turn of the event loop. */
export function countWork(): Counter {
  let tally: Tally = { ...NOTHING };
  let inThisTurn = 0;

  function endTurn(): void {
    tally.longestTurn = Math.max(tally.longestTurn, inThisTurn);
    inThisTurn = 0;
  }

  function work(units: number): void {
    if (inThisTurn === 0) setImmediate(endTurn);
    inThisTurn += units;
  }

  function look(count: number, units = count): void {
    tally.looked += count;
    if (units > 0) work(units);
  }

  function countingStore<T extends Resource>(store: Informer<T>['store']): Informer<T>['store'] {
    const count = (found: T[]): T[] => {
      // Copying a list is cheap compared to the work on its items, which is counted as further reads.
      look(found.length, 1 + found.length / 100);
      return found;
    };
    return {
      get(key) {
        look(1);
        return store.get(key);
      },
      list: () => count(store.list()),
      byIndex: (index, value) => count(store.byIndex(index, value)),
      get size() {
        return store.size;
      },
    };
  }

  function countingInformer<T extends Resource>(informer: Informer<T>): Informer<T> {
    return {
      ...informer,
      store: countingStore(informer.store),
      onChange: (handler) =>
        informer.onChange((before, after) => {
          look(1);
          handler(before, after);
        }),
    };
  }

  return {
    client(client) {
      const counted = { ...client };
      for (const verb of [...WRITES, ...READS]) {
        const call = client[verb].bind(client) as (...args: unknown[]) => unknown;
        const isWrite = (WRITES as readonly string[]).includes(verb);
        Object.assign(counted, {
          [verb]: (...args: unknown[]) => {
            tally.requests++;
            if (isWrite) tally.writes++;
            work(1);
            return call(...args);
          },
        });
      }
      return counted;
    },
    informers: (informers) => ({
      ...informers,
      informer: (kind, options) => countingInformer(informers.informer(kind, options)),
    }),
    take() {
      const taken = tally;
      tally = { ...NOTHING };
      return taken;
    },
  };
}
