import { apiVersionOf, formatKey, type Key, type Kind, keyOf, type Resource } from '../../api/meta.ts';
import type {
  ApplyOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  PatchOptions,
  WatchEvent,
  WatchOptions,
} from '../../kube/client/kube-client.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { type Clock, systemClock } from '../../kube/runtime/clock.ts';
import { createChannel } from './channel.ts';
import { applyFields, noteUpdate, type Owners } from './field-ownership.ts';
import { type Json, mergePatch, sameJson } from './json.ts';
import { matchesFields, matchesLabels } from './selectors.ts';

/** One call as the hooks and the record of calls see it. */
export interface FakeCall {
  verb: 'get' | 'list' | 'watch' | 'create' | 'apply' | 'applyStatus' | 'mergePatch' | 'delete' | 'podLog';
  kind: Kind<Resource>;
  key?: Key;
  /** The object or patch that was sent. */
  body?: unknown;
  fieldManager: string;
}

/** Stands for the death of the process: no code of the program may treat it as an answer of the API server. */
export class CrashError extends Error {
  override readonly name = 'CrashError';
}

export interface FakeKubeOptions {
  clock?: Clock;
  /** Kinds without a status subresource, whose status is written with the object. Default: the group velero.io. */
  statusInObject?: (kind: Kind<Resource>) => boolean;
  /** Stands for defaulting and validation: returns the object to store, or throws a KubeError. */
  admit?: (kind: Kind<Resource>, object: Resource, before: Resource | undefined) => Resource;
}

interface Stored {
  object: Resource;
  owners: Owners;
}

/** A change as the watch history keeps it. */
interface HistoryEvent {
  version: number;
  collection: string;
  before: Resource | undefined;
  after: Resource | undefined;
  /** The last state, with the version of the deletion. */
  last: Resource;
}

type Write = Exclude<FakeCall['verb'], 'get' | 'list' | 'watch' | 'podLog'>;
const writes: readonly FakeCall['verb'][] = ['create', 'apply', 'applyStatus', 'mergePatch', 'delete'];

/**
 * An API server in memory for component tests: uid, resourceVersion, generation, server-side apply with owners,
 * status subresource, preconditions, finalizers, selectors, watches with history, and faults at any call.
 */
export class FakeKube {
  /** Runs before every call; what it throws the caller gets, and nothing is done. */
  before: ((call: FakeCall) => void | Promise<void>) | undefined;
  /** Runs after a call took effect; what it throws the caller gets instead of the answer. */
  after: ((call: FakeCall) => void | Promise<void>) | undefined;
  /** Every call, in order. */
  readonly calls: FakeCall[] = [];
  /** Told of every change at once; for doubles of other controllers. */
  readonly reactors = new Set<
    (kind: Kind<Resource>, before: Resource | undefined, after: Resource | undefined) => void
  >();

  readonly #options: Required<Pick<FakeKubeOptions, 'clock' | 'statusInObject'>> & FakeKubeOptions;
  readonly #collections = new Map<string, Map<string, Stored>>();
  readonly #kinds = new Map<string, Kind<Resource>>();
  readonly #history: HistoryEvent[] = [];
  readonly #watches = new Set<{
    offer: (event: HistoryEvent) => void;
    end: (error?: unknown) => void;
    bookmark: () => void;
  }>();
  readonly #logs = new Map<string, string[]>();
  #version = 1000;
  #uids = 0;
  #compactedAt = 0;

  constructor(options: FakeKubeOptions = {}) {
    this.#options = {
      clock: systemClock,
      statusInObject: (kind) => kind.group === 'velero.io',
      ...options,
    };
  }

  /** A client of this cluster. All clients share the objects; each has its own field manager. */
  client(fieldManager = 'test'): KubeClient {
    return {
      get: (kind, key, options) =>
        this.#run({ verb: 'get', kind, key, fieldManager, ...signalOf(options) }, () => this.peek(kind, key)),
      list: (kind, options) => this.#listAll(kind, options ?? {}, fieldManager),
      listPage: (kind, options = {}) =>
        this.#run({ verb: 'list', kind, fieldManager, ...signalOf(options) }, () =>
          this.#page(kind, options),
        ),
      watch: (kind, options) => this.#watch(kind, options, fieldManager),
      create: (kind, object, options) =>
        this.#run(
          { verb: 'create', kind, key: keyOf(object), body: object, fieldManager, ...signalOf(options) },
          () => this.#create(kind, asSent(object), fieldManager),
        ),
      apply: (kind, object, options = {}) =>
        this.#runApply('apply', kind, object, { fieldManager, ...options }),
      applyStatus: (kind, object, options = {}) =>
        this.#runApply('applyStatus', kind, object, { fieldManager, ...options }),
      mergePatch: (kind, key, patch, options = {}) =>
        this.#run({ verb: 'mergePatch', kind, key, body: patch, fieldManager, ...signalOf(options) }, () =>
          this.#mergePatch(kind, key, asSent(patch), { fieldManager, ...options }),
        ),
      delete: (kind, key, options = {}) =>
        this.#run({ verb: 'delete', kind, key, fieldManager, ...signalOf(options) }, () =>
          this.#delete(kind, key, options),
        ),
      podLog: (key) => this.#podLog(key, fieldManager),
      close: () => Promise.resolve(),
    };
  }

  /** The object as it is now, without a call. */
  peek<T extends Resource>(kind: Kind<T>, key: Key): T | undefined {
    const stored = this.#collection(kind).get(formatKey(key));
    return stored === undefined ? undefined : (structuredClone(stored.object) as T);
  }

  /** All objects of a kind, without a call. */
  peekAll<T extends Resource>(kind: Kind<T>): T[] {
    return [...this.#collection(kind).values()].map(({ object }) => structuredClone(object) as T);
  }

  /** Puts an object in as it is, status included, as if it had always been there; replaces one of the same name. */
  seed<T extends Resource>(kind: Kind<T>, object: T, manager = 'seed'): T {
    const before = this.#collection(kind).get(formatKey(keyOf(object)));
    return this.#commit(kind, this.#complete(kind, object, before?.object), {
      before,
      note: { manager: `${manager}/Update` },
    });
  }

  /** Changes an object as another writer would, any part of it. */
  edit<T extends Resource>(kind: Kind<T>, key: Key, change: (object: T) => void, manager = 'other'): T {
    const before = this.#existing(kind, key);
    const object = structuredClone(before.object) as T;
    change(object);
    return this.#commit(kind, object, { before, note: { manager: `${manager}/Update` } });
  }

  /** Takes an object away at once, finalizers or not. */
  remove(kind: Kind<Resource>, key: Key): void {
    const stored = this.#collection(kind).get(formatKey(key));
    if (stored !== undefined) this.#erase(kind, stored);
  }

  /** Deletes what belongs to owners that are gone, as the garbage collector would; repeats until nothing changes. */
  collectGarbage(): void {
    const all = [...this.#collections].flatMap(([id, objects]) =>
      [...objects.values()].map((stored) => ({ kind: this.#kinds.get(id) as Kind<Resource>, stored })),
    );
    const living = new Set(all.map(({ stored }) => stored.object.metadata.uid));
    const orphans = all.filter(({ stored }) => {
      const owners = stored.object.metadata.ownerReferences ?? [];
      const leaving = stored.object.metadata.deletionTimestamp !== undefined;
      return owners.length > 0 && !leaving && !owners.some((owner) => living.has(owner.uid));
    });
    for (const { kind, stored } of orphans) this.#delete(kind, keyOf(stored.object), {});
    if (orphans.length > 0) this.collectGarbage();
  }

  setPodLog(key: Key, lines: string[]): void {
    this.#logs.set(formatKey(key), lines);
  }

  /** Calls that wrote, or tried to. */
  writeCalls(): FakeCall[] {
    return this.calls.filter((call) => writes.includes(call.verb));
  }

  /**
   * Lets `count` writes happen and "kills the process" at the next one: from then on every call throws a CrashError
   * until `restart`. With `answerLost` it dies after the last write took effect, before the answer came.
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

  /** Forgets the watch history: watches from older versions get 410. */
  compact(): void {
    this.#history.length = 0;
    this.#compactedAt = this.#version;
  }

  /** Ends every open watch, with an error when one is given. */
  breakWatches(error?: KubeError): void {
    for (const watch of this.#watches) watch.end(error);
  }

  /** Sends a bookmark to every open watch. */
  sendBookmarks(): void {
    for (const watch of this.#watches) watch.bookmark();
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  async #run<R>({ signal, ...call }: Signalled, action: () => R): Promise<R> {
    this.calls.push(structuredClone(call));
    await untilAborted(this.before?.(call), signal);
    const result = action();
    await untilAborted(this.after?.(call), signal);
    return result;
  }

  #runApply<T extends Resource>(
    verb: 'apply' | 'applyStatus',
    kind: Kind<T>,
    object: T,
    options: ApplyOptions & { fieldManager: string },
  ): Promise<T> {
    const { fieldManager } = options;
    const call: Signalled = {
      verb,
      kind,
      key: keyOf(object),
      body: object,
      fieldManager,
      ...signalOf(options),
    };
    return this.#run(call, () =>
      this.#apply(kind, asSent(object), { ...options, status: verb === 'applyStatus' }),
    );
  }

  #collection(kind: Kind<Resource>): Map<string, Stored> {
    const id = collectionId(kind);
    let collection = this.#collections.get(id);
    if (collection === undefined) {
      collection = new Map();
      this.#collections.set(id, collection);
      this.#kinds.set(id, kind);
    }
    return collection;
  }

  #existing(kind: Kind<Resource>, key: Key): Stored {
    const stored = this.#collection(kind).get(formatKey(key));
    if (stored === undefined)
      throw failure(404, 'NotFound', kind, key, `${kind.plural} "${key.name}" not found`);
    return stored;
  }

  #create<T extends Resource>(kind: Kind<T>, object: T, manager: string): T {
    const key = this.#checkKey(kind, object);
    if (this.#collection(kind).has(formatKey(key)))
      throw failure(409, 'AlreadyExists', kind, key, `${kind.plural} "${key.name}" already exists`);
    const fresh = this.#withStatusOf(kind, object, undefined);
    return this.#commit(kind, this.#complete(kind, fresh, undefined), {
      before: undefined,
      note: { manager: `${manager}/Update` },
    });
  }

  #apply<T extends Resource>(
    kind: Kind<T>,
    wanted: T,
    options: ApplyOptions & { fieldManager: string; status: boolean },
  ): T {
    const key = this.#checkKey(kind, wanted);
    const before = this.#collection(kind).get(formatKey(key));
    if (before === undefined && options.status) this.#existing(kind, key);
    // As a real server does: without an object, only a uid keeps an apply from creating it.
    const { uid } = wanted.metadata;
    const preconditions = before === undefined ? (uid === undefined ? {} : { uid }) : wanted.metadata;
    this.#checkPreconditions(kind, key, preconditions, before?.object);

    const owners: Owners = cloneOwners(before?.owners);
    const separate = !this.#options.statusInObject(kind);
    // A write to one side of the status border carries nothing over it.
    const fields = separate ? onlySide(wanted, options.status) : wanted;
    const live = before?.object ?? this.#complete(kind, skeleton(wanted), undefined);
    const manager = `${options.fieldManager}/Apply${options.status && separate ? '/status' : ''}`;
    const outcome = applyFields(live as unknown as Json, fields as unknown as Json, {
      owners,
      manager,
      force: options.force ?? true,
    });
    if (outcome.conflicts.length > 0) {
      const list = outcome.conflicts.map(({ path, manager: other }) => `${path} of "${other}"`).join(', ');
      throw failure(409, 'Conflict', kind, key, `Apply failed with conflicts: ${list}`);
    }
    return this.#commit(kind, outcome.object as unknown as T, { before, owners });
  }

  #mergePatch<T extends Resource>(
    kind: Kind<T>,
    key: Key,
    patch: Json,
    options: PatchOptions & { fieldManager: string },
  ): T {
    const before = this.#existing(kind, key);
    const metadata = (patch.metadata ?? {}) as { uid?: string; resourceVersion?: string };
    this.#checkPreconditions(kind, key, metadata, before.object);
    const patched = mergePatch(before.object, patch) as T;
    const separate = !this.#options.statusInObject(kind);
    const status = options.subresource === 'status';
    const object = !separate
      ? patched
      : status
        ? ({ ...before.object, status: (patched as Json & T).status } as unknown as T)
        : this.#withStatusOf(kind, patched, before.object);
    const manager = `${options.fieldManager}/Update${status ? '/status' : ''}`;
    return this.#commit(kind, object, { before, note: { manager } });
  }

  #delete(kind: Kind<Resource>, key: Key, options: DeleteOptions): boolean {
    const stored = this.#collection(kind).get(formatKey(key));
    if (stored === undefined) return false;
    const { uid, deletionTimestamp, finalizers = [] } = stored.object.metadata;
    if (options.uid !== undefined && options.uid !== uid && options.resourceVersion === undefined)
      return false;
    this.#checkPreconditions(kind, key, options, stored.object);
    if (finalizers.length === 0) {
      this.#erase(kind, stored);
    } else if (deletionTimestamp === undefined) {
      const metadata = { ...stored.object.metadata, deletionTimestamp: this.#time() };
      this.#commit(kind, { ...stored.object, metadata }, { before: stored, owners: stored.owners });
    }
    return true;
  }

  #checkKey(kind: Kind<Resource>, object: Resource): Key {
    const key = keyOf(object);
    const { name, namespace } = key;
    if (typeof name !== 'string' || name === '')
      throw failure(422, 'Invalid', kind, key, 'metadata.name is required');
    if (kind.namespaced === (namespace === undefined))
      throw failure(
        400,
        'BadRequest',
        kind,
        key,
        kind.namespaced ? 'a namespace is required' : 'the kind has no namespace',
      );
    if (object.kind !== kind.kind || object.apiVersion !== apiVersionOf(kind))
      throw failure(400, 'BadRequest', kind, key, `the object says ${object.apiVersion} ${object.kind}`);
    return key;
  }

  #checkPreconditions(
    kind: Kind<Resource>,
    key: Key,
    wanted: { uid?: string; resourceVersion?: string },
    live: Resource | undefined,
  ): void {
    for (const field of ['uid', 'resourceVersion'] as const) {
      const value = wanted[field];
      if (value === undefined || value === live?.metadata[field]) continue;
      const detail = `the object has been modified (${field} ${value}, now ${live?.metadata[field] ?? 'gone'})`;
      throw failure(409, 'Conflict', kind, key, detail);
    }
  }

  /** The object with what the server sets itself. */
  #complete<T extends Resource>(kind: Kind<T>, object: T, before: Resource | undefined): T {
    const metadata = {
      ...structuredClone(object.metadata),
      uid: before?.metadata.uid ?? object.metadata.uid ?? `uid-${String(++this.#uids)}`,
      creationTimestamp:
        before?.metadata.creationTimestamp ?? object.metadata.creationTimestamp ?? this.#time(),
      generation: before?.metadata.generation ?? object.metadata.generation ?? 1,
    };
    return { ...structuredClone(object), apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
  }

  #withStatusOf<T extends Resource>(kind: Kind<T>, object: T, before: Resource | undefined): T {
    if (this.#options.statusInObject(kind)) return object;
    const { status: _, ...rest } = object as T & { status?: unknown };
    const status = (before as { status?: unknown } | undefined)?.status;
    return (status === undefined ? rest : { ...rest, status }) as T;
  }

  #commit<T extends Resource>(
    kind: Kind<T>,
    candidate: T,
    how: { before: Stored | undefined; owners?: Owners; note?: { manager: string } },
  ): T {
    const live = how.before?.object;
    const key = keyOf(candidate);
    const admitted = this.#options.admit?.(kind, structuredClone(candidate), live) ?? candidate;
    const object = structuredClone(admitted) as T;
    const owners = how.owners ?? cloneOwners(how.before?.owners);
    if (how.note !== undefined) {
      const manager = how.note.manager;
      noteUpdate((live ?? {}) as unknown as Json, object as unknown as Json, { owners, manager });
    }
    if (live !== undefined) {
      this.#checkFinalizers(kind, key, live, object);
      object.metadata.resourceVersion = live.metadata.resourceVersion ?? '';
      if (sameJson(live, object)) {
        // Nothing changed: no new version and no event, as in a real API server.
        this.#collection(kind).set(formatKey(key), { object: live, owners });
        return structuredClone(live) as T;
      }
      const bump = !sameJson(this.#specOf(kind, live), this.#specOf(kind, object));
      if (bump) object.metadata.generation = (live.metadata.generation ?? 0) + 1;
    }
    object.metadata.resourceVersion = String(++this.#version);
    const stored: Stored = { object, owners };
    this.#collection(kind).set(formatKey(key), stored);
    this.#publish(kind, live, object, object);
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) this.#erase(kind, stored);
    return structuredClone(object);
  }

  /** What makes the generation grow: everything but metadata and status; the start of a deletion as well. */
  #specOf(kind: Kind<Resource>, object: Resource): unknown {
    const {
      metadata,
      status: _,
      ...rest
    } = this.#withStatusOf(kind, object, undefined) as Resource & {
      status?: unknown;
    };
    return { ...rest, deletionTimestamp: metadata.deletionTimestamp };
  }

  #checkFinalizers(kind: Kind<Resource>, key: Key, before: Resource, after: Resource): void {
    if (before.metadata.deletionTimestamp === undefined) return;
    const known = before.metadata.finalizers ?? [];
    const added = (after.metadata.finalizers ?? []).filter((finalizer) => !known.includes(finalizer));
    if (added.length > 0)
      throw failure(
        422,
        'Invalid',
        kind,
        key,
        `no new finalizers can be added while being deleted: ${added.join(', ')}`,
      );
  }

  #erase(kind: Kind<Resource>, stored: Stored): void {
    const last = structuredClone(stored.object);
    last.metadata.resourceVersion = String(++this.#version);
    this.#collection(kind).delete(formatKey(keyOf(stored.object)));
    this.#publish(kind, stored.object, undefined, last);
  }

  #publish(
    kind: Kind<Resource>,
    before: Resource | undefined,
    after: Resource | undefined,
    last: Resource,
  ): void {
    const event = { version: this.#version, collection: collectionId(kind), before, after, last };
    this.#history.push(event);
    for (const watch of this.#watches) watch.offer(event);
    for (const reactor of this.reactors) reactor(kind, structuredClone(before), structuredClone(after));
  }

  #page<T extends Resource>(kind: Kind<T>, options: ListOptions & { continueToken?: string }) {
    const all = this.peekAll(kind)
      .filter((object) => inScope(object, options))
      .sort((a, b) => (formatKey(keyOf(a)) < formatKey(keyOf(b)) ? -1 : 1));
    const size = options.pageSize === undefined || options.pageSize === 0 ? 500 : options.pageSize;
    const start = Number(options.continueToken ?? 0);
    const more = all.length > start + size;
    return {
      items: all.slice(start, start + size),
      resourceVersion: String(this.#version),
      ...(more ? { continueToken: String(start + size) } : {}),
    };
  }

  async *#listAll<T extends Resource>(
    kind: Kind<T>,
    options: ListOptions,
    fieldManager: string,
  ): AsyncGenerator<T> {
    const objects = await this.#run({ verb: 'list', kind, fieldManager, ...signalOf(options) }, () =>
      this.peekAll(kind).filter((object) => inScope(object, options)),
    );
    yield* objects;
  }

  async *#watch<T extends Resource>(
    kind: Kind<T>,
    options: WatchOptions,
    fieldManager: string,
  ): AsyncGenerator<WatchEvent<T>> {
    await this.#run({ verb: 'watch', kind, fieldManager, ...signalOf(options) }, () => undefined);
    const from = Number(options.resourceVersion);
    if (from < this.#compactedAt)
      throw failure(410, 'Expired', kind, undefined, `too old resource version: ${options.resourceVersion}`);
    options.onOpen?.();
    const channel = createChannel<WatchEvent<T>>();
    const watch = {
      offer: (event: HistoryEvent) => {
        if (event.version <= from || event.collection !== collectionId(kind)) return;
        const type = eventType(event, options);
        if (type !== undefined) channel.push({ type, object: structuredClone(event.last) as T });
      },
      end: (error?: unknown) => channel.end(error),
      bookmark: () => {
        const metadata = { name: '', resourceVersion: String(this.#version) };
        channel.push({
          type: 'BOOKMARK',
          object: { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata } as T,
        });
      },
    };
    const onAbort = (): void => channel.end(options.signal?.reason);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (options.signal?.aborted === true) onAbort();
    this.#watches.add(watch);
    try {
      this.#history.forEach(watch.offer);
      yield* channel.values();
    } finally {
      this.#watches.delete(watch);
      options.signal?.removeEventListener('abort', onAbort);
    }
  }

  async *#podLog(key: Key, fieldManager: string): AsyncGenerator<string> {
    const kind: Kind<Resource> = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
    const lines = await this.#run({ verb: 'podLog', kind, key, fieldManager }, () =>
      this.#logs.get(formatKey(key)),
    );
    if (lines === undefined) throw failure(404, 'NotFound', kind, key, `pods "${key.name}" not found`);
    yield* lines;
  }

  #time(): string {
    return new Date(this.#options.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}

type Signalled = FakeCall & { signal?: AbortSignal };

function signalOf(options: { signal?: AbortSignal } | undefined): { signal?: AbortSignal } {
  return options?.signal === undefined ? {} : { signal: options.signal };
}

/** Waits as a real client does: no longer than the signal lets it. */
async function untilAborted(waiting: Promise<void> | void, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (signal === undefined || waiting === undefined) return waiting;
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** As it arrives over the wire: without `undefined` members. */
const asSent = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V;

const isWrite = (call: FakeCall): call is FakeCall & { verb: Write } => writes.includes(call.verb);

const collectionId = (kind: Kind<Resource>): string => `${kind.plural}.${kind.group}`;

const cloneOwners = (owners: Owners | undefined): Owners =>
  new Map([...(owners ?? [])].map(([manager, paths]) => [manager, new Set(paths)]));

function inScope(
  object: Resource,
  scope: { namespace?: string; labelSelector?: string; fieldSelector?: string },
) {
  return (
    (scope.namespace === undefined || object.metadata.namespace === scope.namespace) &&
    matchesLabels(scope.labelSelector, object) &&
    matchesFields(scope.fieldSelector, object)
  );
}

/** An object that begins or ceases to match a selector is added or deleted for that watch. */
function eventType(event: HistoryEvent, scope: WatchOptions): WatchEvent<Resource>['type'] | undefined {
  const was = event.before !== undefined && inScope(event.before, scope);
  const is = event.after !== undefined && inScope(event.after, scope);
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}

/** What is left of an applied object when nothing of it is applied yet. */
function skeleton<T extends Resource>(object: T): T {
  const { name, namespace } = object.metadata;
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion: object.apiVersion, kind: object.kind, metadata } as T;
}

function onlySide<T extends Resource>(object: T, status: boolean): T {
  const { status: value, ...rest } = object as T & { status?: unknown };
  if (!status) return rest as unknown as T;
  return { ...skeleton(object), ...(value === undefined ? {} : { status: value }) };
}

function failure(
  code: number,
  reason: string,
  kind: Kind<Resource>,
  key: Key | undefined,
  message: string,
): KubeError {
  const what = key === undefined ? kind.kind : `${kind.kind} ${formatKey(key)}`;
  return new KubeError({ code, reason, message: `${what}: ${String(code)} ${reason}: ${message}` });
}
