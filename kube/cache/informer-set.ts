import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { type Logger, silentLogger } from '../../telemetry/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { whenAborted } from '../runtime/abort.ts';
import { type Clock, sleep, systemClock } from '../runtime/clock.ts';
import { createReflector, type Reflector, type ReflectorStatus, type Scope, scopeOf } from './reflector.ts';
import { type Change, createStore, type Indexer, type ReadonlyStore, type Store } from './store.ts';

/** Called with no `before` for a new object, and no `after` for a deleted one (`before` is then its last state). */
export type ChangeHandler<T> = (before: T | undefined, after: T | undefined) => void;

/** A cache of one kind that several controllers share. */
export interface Informer<T extends Resource> {
  readonly store: ReadonlyStore<T>;
  /**
   * Calls `handler` for every change, and at once for every cached object. The handler must be cheap. The returned function
   * removes it.
   */
  onChange(handler: ChangeHandler<T>): () => void;
  hasSynced(): boolean;
}

export interface InformerOptions<T extends Resource> extends Scope {
  /** Named indexes for `store.byIndex`. */
  indexers?: Readonly<Record<string, Indexer<T>>>;
  /** Trims objects before they are cached. Each kind and scope has one transform. */
  transform?: (object: T) => T;
  /** True if the kind may not be installed: until it is, its cache is empty and counts as in sync. */
  isOptional?: boolean;
}

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

interface Shared<T extends Resource> {
  informer: Informer<T>;
  store: Store<T>;
  reflector: Reflector;
  transform: InformerOptions<T>['transform'];
  isOptional: boolean;
}

const POLL_MS = 20;

export function createInformerSet(options: InformerSetOptions): InformerSet {
  const { client, log = silentLogger, clock = systemClock } = options;
  // Each value has the type of the kind in its key; a common map cannot express that.
  const all = new Map<string, Shared<never>>();
  const running = new Set<Promise<void>>();
  let signal: AbortSignal | undefined;

  function start(reflector: Reflector): void {
    if (signal !== undefined) running.add(reflector.run(signal));
  }

  function make<T extends Resource>(kind: Kind<T>, informerOptions: InformerOptions<T>): Shared<T> {
    const store = createStore<T>();
    const handlers = new Set<ChangeHandler<T>>();
    const tell = (handler: ChangeHandler<T>, change: Change<T>): void => {
      try {
        handler(change.before, change.after);
      } catch (err) {
        log.error({ err, kind: kind.kind }, 'a change handler threw');
      }
    };
    const { transform } = informerOptions;
    const reflector = createReflector({
      ...scopeOf(informerOptions),
      ...(transform === undefined ? {} : { transform }),
      ...(options.random === undefined ? {} : { random: options.random }),
      client,
      kind,
      store,
      onChange: (change) => handlers.forEach((handler) => tell(handler, change)),
      log,
      clock,
    });
    const informer: Informer<T> = {
      store,
      onChange(handler) {
        handlers.add(handler);
        for (const after of store.list()) tell(handler, { after });
        return () => handlers.delete(handler);
      },
      hasSynced: () => reflector.status().hasSynced,
    };
    return { informer, store, reflector, transform, isOptional: informerOptions.isOptional === true };
  }

  const statuses = (): ReflectorStatus[] => [...all.values()].map(statusOf);

  return {
    informer<T extends Resource>(kind: Kind<T>, informerOptions: InformerOptions<T> = {}) {
      const id = identify(kind, informerOptions);
      let shared = all.get(id) as unknown as Shared<T> | undefined;
      if (shared === undefined) {
        shared = make(kind, informerOptions);
        all.set(id, shared as unknown as Shared<never>);
        start(shared.reflector);
      } else if (shared.transform !== informerOptions.transform) {
        throw new Error(`${kind.kind} is mirrored already with another transform`);
      }
      for (const [name, indexer] of Object.entries(informerOptions.indexers ?? {}))
        shared.store.addIndexer(name, indexer);
      return shared.informer;
    },
    async run(until) {
      if (signal !== undefined) throw new Error('the informers run already');
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
function statusOf({ reflector, isOptional }: Shared<never>): ReflectorStatus {
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
