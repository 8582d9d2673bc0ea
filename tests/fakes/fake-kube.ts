import { formatKey, type Key, type Kind, keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import type {
  ApplyOptions,
  KubeClient,
  ListOptions,
  ListPage,
  WatchEvent,
  WatchOptions,
} from '../../kube/client/kube-client.ts';
import type { KubeError } from '../../kube/client/kube-error.ts';
import { systemClock } from '../../kube/runtime/clock.ts';
import { notFound } from './fake-failure.ts';
import { collectGarbage } from './fake-garbage.ts';
import { type Change, isSelected, WatchHistory } from './fake-history.ts';
import { Storage, type StorageOptions } from './fake-storage.ts';
import { applyObject, createObject, deleteObject, patchObject } from './fake-writes.ts';

/** One call as the hooks and the list of calls see it. */
export interface FakeCall {
  verb: 'get' | 'list' | 'watch' | 'create' | 'apply' | 'applyStatus' | 'mergePatch' | 'delete' | 'podLog';
  kind: Kind<Resource>;
  key?: Key;
  /** The object or patch that was sent. */
  body?: unknown;
  fieldManager: string;
}

/** Simulates the death of the process: the program must not treat it as an answer of the API server. */
export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** Defaults: the clock of the system, the status in the object only for kinds of the group velero.io, and no admission. */
export type FakeKubeOptions = Partial<StorageOptions>;

type Hook = (call: FakeCall) => void | Promise<void>;
type Reactor = (kind: Kind<Resource>, before: Resource | undefined, after: Resource | undefined) => void;

const writes: readonly FakeCall['verb'][] = ['create', 'apply', 'applyStatus', 'mergePatch', 'delete'];

/**
 * An in-memory API server for component tests: uid, resourceVersion, generation, server-side apply with field ownership, status
 * subresource, preconditions, finalizers, selectors, watches with history, and faults at any call.
 */
export class FakeKube {
  /** Runs before every call. If it throws, the caller receives the error and the call has no effect. */
  before: Hook | undefined;
  /** Runs after a call took effect. If it throws, the caller receives the error instead of the answer. */
  after: Hook | undefined;
  /** Every call, in order. */
  readonly calls: FakeCall[] = [];
  /** Called at once for every change; for doubles of other controllers. */
  readonly reactors = new Set<Reactor>();

  readonly #storage: Storage;
  readonly #history = new WatchHistory();
  readonly #logs = new Map<string, string[]>();

  constructor(options: FakeKubeOptions = {}) {
    const defaults: StorageOptions = {
      clock: systemClock,
      statusInObject: (kind) => kind.group === 'velero.io',
    };
    this.#storage = new Storage({ ...defaults, ...options }, (change) => this.#tell(change));
  }

  /** Returns a client of this cluster. All clients share the objects; each has its own field manager. */
  client(fieldManager = 'test'): KubeClient {
    const storage = this.#storage;
    return {
      get: (kind, key, options) =>
        this.#run({ verb: 'get', kind, key, fieldManager, ...signalOf(options) }, () => this.peek(kind, key)),
      list: (kind, options = {}) => this.#list(kind, options, fieldManager),
      listPage: (kind, options = {}) =>
        this.#run({ verb: 'list', kind, fieldManager, ...signalOf(options) }, () =>
          this.#page(kind, options),
        ),
      watch: (kind, options) => this.#watch(kind, options, fieldManager),
      create: (kind, object, options) =>
        this.#run(
          { verb: 'create', kind, key: keyOf(object), body: object, fieldManager, ...signalOf(options) },
          () => createObject(storage, kind, { object: asSent(object), manager: fieldManager }),
        ),
      apply: (kind, object, options = {}) => this.#apply('apply', kind, object, { fieldManager, ...options }),
      applyStatus: (kind, object, options = {}) =>
        this.#apply('applyStatus', kind, object, { fieldManager, ...options }),
      mergePatch: (kind, key, patch, options = {}) =>
        this.#run({ verb: 'mergePatch', kind, key, body: patch, fieldManager, ...signalOf(options) }, () =>
          patchObject(storage, kind, { key, patch: asSent(patch), options: { fieldManager, ...options } }),
        ),
      delete: (kind, key, options = {}) =>
        this.#run({ verb: 'delete', kind, key, fieldManager, ...signalOf(options) }, () =>
          deleteObject(storage, kind, { key, options }),
        ),
      podLog: (key) => this.#podLog(key, fieldManager),
      close: () => Promise.resolve(),
    };
  }

  /** Returns the current object without a call. */
  peek<T extends Resource>(kind: Kind<T>, key: Key): T | undefined {
    const stored = this.#storage.find(kind, key);
    return stored === undefined ? undefined : (structuredClone(stored.object) as T);
  }

  /** Returns all objects of a kind without a call. */
  peekAll<T extends Resource>(kind: Kind<T>): T[] {
    return this.#storage.list(kind);
  }

  /** Stores an object as given, with its status and without a call; replaces one of the same name. */
  seed<T extends Resource>(kind: Kind<T>, object: T, manager = 'seed'): T {
    const before = this.#storage.find(kind, keyOf(object));
    const complete = this.#storage.complete(kind, object, before?.object);
    return this.#storage.commit(kind, complete, { before, manager: `${manager}/Update` });
  }

  /** Changes any part of an object, as another writer would. */
  edit<T extends Resource>(kind: Kind<T>, key: Key, change: (object: T) => void, manager = 'other'): T {
    const before = this.#storage.get(kind, key);
    const object = structuredClone(before.object) as T;
    change(object);
    return this.#storage.commit(kind, object, { before, manager: `${manager}/Update` });
  }

  /** Deletes an object at once, regardless of finalizers. */
  remove(kind: Kind<Resource>, key: Key): void {
    const stored = this.#storage.find(kind, key);
    if (stored !== undefined) this.#storage.erase(kind, stored.object);
  }

  /** Runs the garbage collector until it has nothing left to do. */
  collectGarbage(): void {
    collectGarbage(this.#storage);
  }

  setPodLog(key: Key, lines: string[]): void {
    this.#logs.set(formatKey(key), lines);
  }

  /** Returns the calls that wrote or tried to. */
  writeCalls(): FakeCall[] {
    return this.calls.filter((call) => writes.includes(call.verb));
  }

  /**
   * Passes `count` writes and "kills the process" at the next one: from then on every call throws a CrashError until `restart`.
   * With `answerLost` it dies after the last write took effect, before the answer arrived.
   */
  crashAfterWrites(count: number, options: { answerLost?: boolean } = {}): void {
    let done = 0;
    let dead = false;
    const die = (): never => {
      dead = true;
      throw new CrashError('the process died');
    };
    this.before = (call) => {
      if (dead || (done >= count && isWrite(call))) die();
    };
    this.after = (call) => {
      if (isWrite(call) && ++done === count && options.answerLost === true) die();
    };
  }

  /** Ends all faults. */
  restart(): void {
    this.before = undefined;
    this.after = undefined;
  }

  /** Discards the watch history: watches from older versions get 410. */
  compact(): void {
    this.#history.compact(this.#storage.version);
  }

  /** Ends every open watch, with an error if one is given. */
  breakWatches(error?: KubeError): void {
    this.#history.breakAll(error);
  }

  /** Sends a bookmark to every open watch. */
  sendBookmarks(): void {
    this.#history.bookmarkAll(this.#storage.version);
  }

  get openWatches(): number {
    return this.#history.open;
  }

  #tell(change: Change): void {
    this.#history.publish(change);
    const { kind, before, after } = change;
    for (const reactor of this.reactors) reactor(kind, structuredClone(before), structuredClone(after));
  }

  async #run<R>({ signal, ...call }: Signalled, action: () => R): Promise<R> {
    this.calls.push(structuredClone(call));
    await untilAborted(this.before?.(call), signal);
    const result = action();
    await untilAborted(this.after?.(call), signal);
    return result;
  }

  #apply<T extends Resource>(
    verb: 'apply' | 'applyStatus',
    kind: Kind<T>,
    object: T,
    options: ApplyOptions & { fieldManager: string },
  ): Promise<T> {
    const { fieldManager } = options;
    const call: FakeCall = { verb, kind, key: keyOf(object), body: object, fieldManager };
    return this.#run({ ...call, ...signalOf(options) }, () => {
      const status = verb === 'applyStatus';
      return applyObject(this.#storage, kind, { object: asSent(object), options: { ...options, status } });
    });
  }

  #page<T extends Resource>(kind: Kind<T>, options: ListOptions & { continueToken?: string }): ListPage<T> {
    const { pageSize = 500, continueToken = '0' } = options;
    const all = this.#select(kind, options);
    const start = Number(continueToken);
    const end = pageSize === 0 ? all.length : start + pageSize;
    return {
      items: all.slice(start, end).map((object) => structuredClone(object)),
      resourceVersion: String(this.#storage.version),
      ...(all.length > end ? { continueToken: String(end) } : {}),
    };
  }

  /** Returns the stored objects, not copies. */
  #select<T extends Resource>(kind: Kind<T>, options: ListOptions): T[] {
    return this.#storage
      .view(kind)
      .filter((object) => isSelected(object, options))
      .map((object) => ({ object, id: formatKey(keyOf(object)) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ object }) => object);
  }

  async *#list<T extends Resource>(
    kind: Kind<T>,
    options: ListOptions,
    fieldManager: string,
  ): AsyncGenerator<T> {
    const call: Signalled = { verb: 'list', kind, fieldManager, ...signalOf(options) };
    yield* await this.#run(call, () => this.#select(kind, options).map((object) => structuredClone(object)));
  }

  async *#watch<T extends Resource>(
    kind: Kind<T>,
    options: WatchOptions,
    fieldManager: string,
  ): AsyncGenerator<WatchEvent<T>> {
    await this.#run({ verb: 'watch', kind, fieldManager, ...signalOf(options) }, () => undefined);
    yield* this.#history.watch(kind, options);
  }

  async *#podLog(key: Key, fieldManager: string): AsyncGenerator<string> {
    const kind: Kind<Resource> = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
    const lines = await this.#run({ verb: 'podLog', kind, key, fieldManager }, () =>
      this.#logs.get(formatKey(key)),
    );
    if (lines === undefined) throw notFound({ kind, key });
    yield* lines;
  }
}

const isWrite = (call: FakeCall): boolean => writes.includes(call.verb);

type Signalled = FakeCall & { signal?: AbortSignal };

function signalOf(options: { signal?: AbortSignal } | undefined): { signal?: AbortSignal } {
  return options?.signal === undefined ? {} : { signal: options.signal };
}

/** Waits at most until the signal aborts, as a real client does. */
async function untilAborted(waiting: Promise<void> | void, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (signal === undefined || waiting === undefined) return waiting;
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** The value as it arrives over the wire: without `undefined` members. */
const asSent = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V;
