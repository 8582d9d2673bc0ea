import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { Clock } from '../runtime/clock.ts';
import { createReflector, type Reflector, type Scope, scopeOf } from './reflector.ts';
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

/** An informer with what keeps it up to date. */
export interface SharedInformer<T extends Resource> {
  informer: Informer<T>;
  store: Store<T>;
  reflector: Reflector;
  transform: InformerOptions<T>['transform'];
  isOptional: boolean;
}

export interface SharedInformerDependencies {
  client: KubeClient;
  log: Logger;
  clock: Clock;
  random?: () => number;
}

/** Creates the cache of one kind and scope, whose reflector is not running yet. */
export function createSharedInformer<T extends Resource>(
  kind: Kind<T>,
  options: InformerOptions<T>,
  { client, log, clock, random }: SharedInformerDependencies,
): SharedInformer<T> {
  const store = createStore<T>();
  const handlers = new Set<ChangeHandler<T>>();
  const call = (handler: ChangeHandler<T>, change: Change<T>): void => {
    try {
      handler(change.before, change.after);
    } catch (err) {
      log.error({ err, kind: kind.kind }, 'a change handler threw');
    }
  };
  const { transform, isOptional = false } = options;
  const reflector = createReflector({
    ...scopeOf(options),
    ...(transform === undefined ? {} : { transform }),
    ...(random === undefined ? {} : { random }),
    client,
    kind,
    store,
    onChange: (change) => handlers.forEach((handler) => call(handler, change)),
    log,
    clock,
  });
  const informer: Informer<T> = {
    store,
    onChange(handler) {
      handlers.add(handler);
      for (const after of store.list()) call(handler, { after });
      return () => handlers.delete(handler);
    },
    hasSynced: () => reflector.status().hasSynced,
  };
  return { informer, store, reflector, transform, isOptional };
}
