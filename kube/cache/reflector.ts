import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { type Logger, silentLogger } from '../../telemetry/log.ts';
import type { KubeClient, ListPage, WatchEvent } from '../client/kube-client.ts';
import { ClientReason, isGone, KubeError } from '../client/kube-error.ts';
import { isAborted } from '../runtime/abort.ts';
import { type Clock, sleep, systemClock } from '../runtime/clock.ts';
import { createBackoff } from './backoff.ts';
import { forEachInTurns, nextTurn, TURN } from '../runtime/turns.ts';
import { isNews, type Change, type Store } from './store.ts';

/** The objects of a kind that are cached. */
export interface Scope {
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ReflectorOptions<T extends Resource> extends Scope {
  client: KubeClient;
  kind: Kind<T>;
  store: Store<T>;
  /** Called for every change after it is in the store. Must be cheap: it usually only enqueues a key. */
  onChange: (change: Change<T>) => void;
  /** Trims objects before they are stored, to save memory. `managedFields` are always removed. */
  transform?: (object: T) => T;
  log?: Logger;
  clock?: Clock;
  random?: () => number;
  /** Objects per page of the list. Default 500. */
  pageSize?: number;
  /** A watch without a single byte for this long counts as half-open and ends. Default 3 min (bookmarks arrive every minute). */
  idleTimeoutMs?: number;
}

/** The state of a reflector, for health checks and messages. */
export interface ReflectorStatus {
  kind: string;
  hasSynced: boolean;
  /** Pages received and objects stored by lists so far. A long list makes progress while this grows. */
  listed: number;
  /** When the API server last answered, in milliseconds of `clock.monotonic()`. */
  lastHeardAt?: number;
  /** The current error of the connection. */
  lastError?: KubeError;
}

/** Keeps the objects of one kind in a store. */
export interface Reflector {
  /** Runs until `signal` fires; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  status(): ReflectorStatus;
}

/** A watch that ends this early without an event counts as rejected. */
const SHORT_WATCH_MS = 1_000;

/**
 * Creates a reflector with the semantics of client-go: after a break the watch continues from the last resourceVersion
 * (bookmarks included); it lists again only if that version is too old. Waits after failures grow.
 */
export function createReflector<T extends Resource>(options: ReflectorOptions<T>): Reflector {
  const { client, kind, store, clock = systemClock, random = Math.random, log = silentLogger } = options;
  const scope = scopeOf(options);
  const backoff = createBackoff({ clock, random });
  const status: ReflectorStatus = { kind: kind.kind, hasSynced: false, listed: 0 };

  const heard = (): void => {
    status.lastHeardAt = clock.monotonic();
    delete status.lastError;
  };

  const trim = (object: T): T => {
    const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
    const slim = { ...object, metadata };
    return options.transform === undefined ? slim : options.transform(slim);
  };

  function tell(change: Change<T>): void {
    try {
      options.onChange(change);
    } catch (err) {
      log.error({ err, kind: kind.kind }, 'a change handler threw');
    }
  }

  /**
   * Replaces the content of the store, in several turns of the event loop: there may be tens of thousands of objects, with
   * handlers for each.
   */
  async function replaceAll(items: readonly T[]): Promise<void> {
    await forEachInTurns(store.keysBeside(items), (key) => tell(store.remove(key)));
    await forEachInTurns(items, (item) => {
      status.listed++;
      const change = store.set(item);
      if (isNews(change)) tell(change);
    });
  }

  /** Lists all pages into the store and returns the version to watch from. */
  async function list(signal: AbortSignal, pageSize: number): Promise<string> {
    const items: T[] = [];
    let page: ListPage<T> | undefined;
    do {
      const continueToken = page?.continueToken;
      page = await client.listPage(kind, {
        ...scope,
        signal,
        pageSize,
        ...(continueToken === undefined ? {} : { continueToken }),
      });
      status.listed++;
      heard();
      items.push(...page.items.map(trim));
    } while (page.continueToken !== undefined);
    await replaceAll(items);
    status.hasSynced = true;
    heard();
    return page.resourceVersion;
  }

  /** Lists everything in one page if a page token became too old, as can happen with much data. */
  async function listRobustly(signal: AbortSignal): Promise<string> {
    try {
      return await list(signal, options.pageSize ?? 500);
    } catch (error) {
      if (!isGone(error)) throw error;
      return list(signal, 0);
    }
  }

  function take(event: WatchEvent<T>): void {
    heard();
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        tell(store.set(trim(event.object)));
        return;
      case 'DELETED': {
        const { before } = store.remove(formatKey(keyOf(event.object)));
        // The last state has more information than the one before it, for example the final status.
        if (before !== undefined) tell({ before: trim(event.object) });
        return;
      }
      case 'BOOKMARK':
        return;
    }
  }

  /** Watches until the watch ends, and updates `version` for the next one. Throws if it breaks. */
  async function watchOnce(version: { current: string }, signal: AbortSignal): Promise<void> {
    const startedAt = clock.monotonic();
    let events = 0;
    const stream = client.watch(kind, {
      ...scope,
      signal,
      resourceVersion: version.current,
      timeoutSeconds: 300 + Math.floor(random() * 300),
      idleTimeoutMs: options.idleTimeoutMs ?? 180_000,
      onOpen: heard,
    });
    for await (const event of stream) {
      if (signal.aborted) return;
      events++;
      take(event);
      version.current = event.object.metadata.resourceVersion ?? version.current;
      if (events % TURN === 0) await nextTurn();
    }
    if (events === 0 && clock.monotonic() - startedAt < SHORT_WATCH_MS)
      throw new Error(`watch ${kind.kind}: the server ended it at once`);
  }

  async function pause(error: unknown, signal: AbortSignal): Promise<void> {
    const problem = KubeError.from(error);
    // A lasting error, for example a kind that is not installed, is logged once.
    const isNews = status.lastError?.code !== problem.code || status.lastError.reason !== problem.reason;
    status.lastError = problem;
    const waitMs = Math.max(backoff.next(), problem.retryAfterMs ?? 0);
    const fields = { err: problem, kind: kind.kind, waitMs: Math.round(waitMs) };
    log[isNews ? 'warn' : 'debug'](fields, 'lost touch with the API server');
    await sleep(clock, waitMs, signal);
  }

  /** Watches and resumes until a new list is needed. */
  async function watchOn(from: string, signal: AbortSignal): Promise<void> {
    const version = { current: from };
    while (!signal.aborted) {
      try {
        await watchOnce(version, signal);
      } catch (error) {
        if (isAborted(signal)) return;
        if (needsList(error)) {
          log.info(
            { kind: kind.kind, resourceVersion: version.current },
            'the watch is too old; listing anew',
          );
          return;
        }
        if (isIdle(error)) log.debug({ kind: kind.kind }, 'a silent watch; opening another');
        else await pause(error, signal);
      }
    }
  }

  return {
    async run(signal) {
      let lists = 0;
      while (!signal.aborted) {
        try {
          const listedAt = clock.monotonic();
          const version = await listRobustly(signal);
          await watchOn(version, signal);
          // A server that rejects every version as too old must not be listed in a tight loop.
          const tooSoon = clock.monotonic() - listedAt < SHORT_WATCH_MS;
          lists = tooSoon ? lists + 1 : 0;
          if (lists > 1) await sleep(clock, backoff.next(), signal);
        } catch (error) {
          if (isAborted(signal)) return;
          await pause(error, signal);
        }
      }
    },
    status: () => ({ ...status }),
  };
}

/**
 * Returns true if a watch was idle. It is half-open or just quiet: an API server whose etcd sends no progress notifications
 * sends no bookmarks for a kind without changes. Opening another watch at once is correct for both; if it fails, a wait
 * follows.
 */
function isIdle(error: unknown): boolean {
  return error instanceof KubeError && error.reason === ClientReason.idle;
}

/** Returns true if the version is too old (410), or newer than this server has (after a restore of etcd). */
function needsList(error: unknown): boolean {
  if (isGone(error)) return true;
  const causes = error instanceof KubeError ? (error.status?.details?.causes ?? []) : [];
  return causes.some((cause) => cause.reason === 'ResourceVersionTooLarge');
}

/** Returns the selectors of a scope without undefined ones. */
export function scopeOf(scope: Scope): Scope {
  const { namespace, labelSelector, fieldSelector } = scope;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}
