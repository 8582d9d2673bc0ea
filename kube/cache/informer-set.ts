import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { type Logger, silentLogger } from '../../telemetry/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { whenAborted } from '../runtime/abort.ts';
import { type Clock, sleep, systemClock } from '../runtime/clock.ts';
import type { Reflector, ReflectorStatus, Scope } from './reflector.ts';
import {
  createSharedInformer,
  type Informer,
  type InformerOptions,
  type SharedInformer,
} from './shared-informer.ts';

export interface InformerSetOptions {
  client: KubeClient;
  log?: Logger;
  clock?: Clock;
  random?: () => number;
}

/** All caches of one cluster in one process: each kind and scope is listed and watched once. */
export interface InformerSet {
  /** Returns the cache of a kind and scope. Creates it at the first call, and starts it at once if the set is running. */
  informer<T extends Resource>(kind: Kind<T>, options?: InformerOptions<T>): Informer<T>;
  /** Runs all caches until `signal` fires; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Resolves when every cache has its first list. It waits as long as the lists make progress.
   * @throws Error that names the missing kinds and the reasons, if nothing was received for `timeoutMs`.
   */
  waitForSync(options: { timeoutMs: number; signal?: AbortSignal }): Promise<void>;
  status(): ReflectorStatus[];
}

const POLL_MS = 20;

export function createInformerSet(options: InformerSetOptions): InformerSet {
  const { log = silentLogger, clock = systemClock } = options;
  // Each value has the type of the kind in its key; a common map cannot express that.
  const all = new Map<string, SharedInformer<never>>();
  const running = new Set<Promise<void>>();
  let signal: AbortSignal | undefined;

  function start(reflector: Reflector): void {
    if (signal !== undefined) running.add(reflector.run(signal));
  }

  const statuses = (): ReflectorStatus[] => [...all.values()].map(statusOf);

  return {
    informer<T extends Resource>(kind: Kind<T>, informerOptions: InformerOptions<T> = {}) {
      const id = identify(kind, informerOptions);
      let shared = all.get(id) as unknown as SharedInformer<T> | undefined;
      if (shared === undefined) {
        shared = createSharedInformer(kind, informerOptions, { ...options, log, clock });
        all.set(id, shared as unknown as SharedInformer<never>);
        start(shared.reflector);
      } else if (shared.transform !== informerOptions.transform) {
        throw new Error(`${kind.kind} already has an informer with another transform`);
      }
      for (const [name, indexer] of Object.entries(informerOptions.indexers ?? {}))
        shared.store.addIndexer(name, indexer);
      return shared.informer;
    },
    async run(until) {
      if (signal !== undefined) throw new Error('the informers are already running');
      signal = until;
      for (const { reflector } of all.values()) start(reflector);
      await whenAborted(until);
      await Promise.all(running);
    },
    async waitForSync({ timeoutMs, signal: stop }) {
      let listed = 0;
      let since = clock.monotonic();
      for (;;) {
        const all = statuses();
        const missing = all.filter((status) => !status.hasSynced);
        if (missing.length === 0) return;
        stop?.throwIfAborted();
        const now = clock.monotonic();
        const listedNow = all.reduce((sum, status) => sum + status.listed, 0);
        if (listedNow !== listed) [listed, since] = [listedNow, now];
        if (now - since >= timeoutMs) throw new Error(explain(missing, timeoutMs));
        await sleep(clock, POLL_MS, stop);
      }
    },
    status: statuses,
  };
}

/** An optional kind counts as in sync if the API server does not serve it. */
function statusOf({ reflector, isOptional }: SharedInformer<never>): ReflectorStatus {
  const status = reflector.status();
  if (!isOptional || status.lastError?.code !== 404) return status;
  const { lastError: _, ...rest } = status;
  return { ...rest, hasSynced: true };
}

function identify(kind: Kind<Resource>, scope: Scope): string {
  return JSON.stringify([
    kind.group,
    kind.version,
    kind.plural,
    scope.namespace,
    scope.labelSelector,
    scope.fieldSelector,
  ]);
}

function explain(missing: ReflectorStatus[], timeoutMs: number): string {
  const reasons = missing.map(({ kind, lastError }) => {
    if (lastError === undefined) return `${kind}: no answer`;
    if (lastError.code === 404) return `${kind}: the kind is not installed (apply its CRD)`;
    if (lastError.code === 403)
      return `${kind}: not allowed to list and watch (check the RBAC): ${lastError.message}`;
    return `${kind}: ${lastError.message}`;
  });
  return `not in sync, and nothing received for ${String(timeoutMs / 1000)} s: ${reasons.join('; ')}`;
}
