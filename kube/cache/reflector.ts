import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { type Logger, silentLogger } from '../../telemetry/log.ts';
import type { KubeClient, ListPage, WatchEvent } from '../client/kube-client.ts';
import { ClientReason, isGone, KubeError } from '../client/kube-error.ts';
import { isAborted } from '../runtime/abort.ts';
import { type Clock, sleep, systemClock } from '../runtime/clock.ts';
import { nextTurn, TURN } from '../runtime/turns.ts';
import { type Backoff, createBackoff } from './backoff.ts';
import type { Change, Store } from './store.ts';
import { createStoreUpdates, type StoreUpdates } from './store-updates.ts';

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
  return new ListWatchReflector(options);
}

class ListWatchReflector<T extends Resource> implements Reflector {
  readonly #options: ReflectorOptions<T>;
  readonly #kind: Kind<T>;
  readonly #scope: Scope;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: Logger;
  readonly #backoff: Backoff;
  readonly #updates: StoreUpdates<T>;
  readonly #status: ReflectorStatus;

  constructor(options: ReflectorOptions<T>) {
    const { kind, store, clock = systemClock, random = Math.random, log = silentLogger } = options;
    this.#options = options;
    this.#kind = kind;
    this.#scope = scopeOf(options);
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#backoff = createBackoff({ clock, random });
    this.#updates = createStoreUpdates(store, (change) => this.#report(change));
    this.#status = { kind: kind.kind, hasSynced: false, listed: 0 };
  }

  status(): ReflectorStatus {
    return { ...this.#status };
  }

  async run(signal: AbortSignal): Promise<void> {
    let lists = 0;
    while (!signal.aborted) {
      try {
        const listedAt = this.#clock.monotonic();
        const version = await this.#list(signal);
        await this.#watch(version, signal);
        // A server that rejects every version as too old must not be listed in a tight loop.
        const tooSoon = this.#clock.monotonic() - listedAt < SHORT_WATCH_MS;
        lists = tooSoon ? lists + 1 : 0;
        if (lists > 1) await sleep(this.#clock, this.#backoff.next(), signal);
      } catch (error) {
        if (isAborted(signal)) return;
        await this.#pause(error, signal);
      }
    }
  }

  /**
   * Lists everything into the store and returns the version to watch from. Uses one page if a page token became too old, as can
   * happen with much data.
   */
  async #list(signal: AbortSignal): Promise<string> {
    try {
      return await this.#listPages(this.#options.pageSize ?? 500, signal);
    } catch (error) {
      if (!isGone(error)) throw error;
      return this.#listPages(0, signal);
    }
  }

  async #listPages(pageSize: number, signal: AbortSignal): Promise<string> {
    const { client } = this.#options;
    const items: T[] = [];
    let page: ListPage<T> | undefined;
    do {
      const continueToken = page?.continueToken;
      page = await client.listPage(this.#kind, {
        ...this.#scope,
        signal,
        pageSize,
        ...(continueToken === undefined ? {} : { continueToken }),
      });
      this.#status.listed++;
      this.#onAnswer();
      items.push(...page.items.map((item) => this.#trim(item)));
    } while (page.continueToken !== undefined);
    await this.#updates.replace(items, () => this.#status.listed++);
    this.#status.hasSynced = true;
    this.#onAnswer();
    return page.resourceVersion;
  }

  /** Watches and resumes until a new list is needed. */
  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const version = { current: from };
    while (!signal.aborted) {
      try {
        await this.#watchOnce(version, signal);
      } catch (error) {
        if (isAborted(signal)) return;
        const kind = this.#kind.kind;
        if (needsList(error)) {
          this.#log.info(
            { kind, resourceVersion: version.current },
            'the resourceVersion of the watch has expired; listing again',
          );
          return;
        }
        if (isIdle(error)) this.#log.debug({ kind }, 'the watch received nothing; opening another one');
        else await this.#pause(error, signal);
      }
    }
  }

  /** Watches until the watch ends, and updates `version` for the next one. Throws if it breaks. */
  async #watchOnce(version: { current: string }, signal: AbortSignal): Promise<void> {
    const { client, idleTimeoutMs = 180_000 } = this.#options;
    const startedAt = this.#clock.monotonic();
    let events = 0;
    const stream = client.watch(this.#kind, {
      ...this.#scope,
      signal,
      resourceVersion: version.current,
      timeoutSeconds: 300 + Math.floor(this.#random() * 300),
      idleTimeoutMs,
      onOpen: () => this.#onAnswer(),
    });
    for await (const event of stream) {
      if (signal.aborted) return;
      events++;
      this.#onAnswer();
      this.#store(event);
      version.current = event.object.metadata.resourceVersion ?? version.current;
      if (events % TURN === 0) await nextTurn();
    }
    if (events === 0 && this.#clock.monotonic() - startedAt < SHORT_WATCH_MS)
      throw new Error(`watch ${this.#kind.kind}: the server closed it immediately`);
  }

  #store({ type, object }: WatchEvent<T>): void {
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#updates.set(this.#trim(object));
        return;
      case 'DELETED':
        this.#updates.remove(keyOf(object), () => this.#trim(object));
        return;
      case 'BOOKMARK':
        return;
    }
  }

  #trim(object: T): T {
    const { transform } = this.#options;
    const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
    const slim = { ...object, metadata };
    return transform === undefined ? slim : transform(slim);
  }

  #report(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (err) {
      this.#log.error({ err, kind: this.#kind.kind }, 'a change handler threw');
    }
  }

  #onAnswer(): void {
    this.#status.lastHeardAt = this.#clock.monotonic();
    delete this.#status.lastError;
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const problem = KubeError.from(error);
    // A lasting error, for example a kind that is not installed, is logged once.
    const { lastError } = this.#status;
    const isNew = lastError?.code !== problem.code || lastError.reason !== problem.reason;
    this.#status.lastError = problem;
    const waitMs = Math.max(this.#backoff.next(), problem.retryAfterMs ?? 0);
    const fields = { err: problem, kind: this.#kind.kind, waitMs: Math.round(waitMs) };
    this.#log[isNew ? 'warn' : 'debug'](fields, 'lost the connection to the API server');
    await sleep(this.#clock, waitMs, signal);
  }
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
