import {
  apiVersionOf,
  formatKey,
  type Key,
  type Kind,
  keyOf,
  type Resource,
} from '../../api/kubernetes/meta.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { timeOf } from '../../kube/status/conditions.ts';
import { failure, notFound } from './fake-failure.ts';
import { type Change, collectionOf } from './fake-history.ts';
import { noteUpdate, type Owners } from './field-ownership.ts';
import { type Json, sameJson } from './json.ts';

export interface StorageOptions {
  clock: Clock;
  /** Kinds without a status subresource, whose status is written with the object. */
  statusInObject: (kind: Kind<Resource>) => boolean;
  /** Replaces defaulting and validation: returns the object to store, or throws a KubeError. */
  admit?: (kind: Kind<Resource>, object: Resource, before: Resource | undefined) => Resource;
}

export interface Stored {
  object: Resource;
  owners: Owners;
}

/** How a new state was written: with the owners that an apply computed, or by one manager. */
export type Provenance = { before: Stored | undefined } & ({ owners: Owners } | { manager: string });

/** Objects with what the server maintains: uid, versions, generation, times and field owners. */
export class Storage {
  readonly options: StorageOptions;
  readonly #publish: (change: Change) => void;
  readonly #collections = new Map<string, { kind: Kind<Resource>; objects: Map<string, Stored> }>();
  #version = 1000;
  #uids = 0;

  constructor(options: StorageOptions, publish: (change: Change) => void) {
    this.options = options;
    this.#publish = publish;
  }

  get version(): number {
    return this.#version;
  }

  find(kind: Kind<Resource>, key: Key): Stored | undefined {
    return this.#objects(kind).get(formatKey(key));
  }

  /** @throws KubeError 404 */
  get(kind: Kind<Resource>, key: Key): Stored {
    const stored = this.find(kind, key);
    if (stored === undefined) throw notFound({ kind, key });
    return stored;
  }

  list<T extends Resource>(kind: Kind<T>): T[] {
    return this.view<T>(kind).map((object) => structuredClone(object));
  }

  /** Returns the stored objects, not copies: they must not be changed. */
  view<T extends Resource>(kind: Kind<T>): readonly T[] {
    return [...this.#objects(kind).values()].map(({ object }) => object as T);
  }

  everything(): { kind: Kind<Resource>; object: Resource }[] {
    return [...this.#collections.values()].flatMap(({ kind, objects }) =>
      [...objects.values()].map(({ object }) => ({ kind, object })),
    );
  }

  /** Returns the object with the fields that the server sets. */
  complete<T extends Resource>(kind: Kind<T>, object: T, before: Resource | undefined): T {
    const { uid, creationTimestamp, generation } = { ...object.metadata, ...kept(before) };
    const metadata = {
      ...structuredClone(object.metadata),
      uid: uid ?? `uid-${String(++this.#uids)}`,
      creationTimestamp: creationTimestamp ?? this.time(),
      generation: generation ?? 1,
    };
    return { ...structuredClone(object), apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
  }

  /** Returns the object with the status of another if the kind has a status subresource. */
  withStatusOf<T extends Resource>(kind: Kind<T>, object: T, before: Resource | undefined): T {
    if (this.options.statusInObject(kind)) return object;
    const { status: _, ...rest } = object as T & { status?: unknown };
    const status = (before as { status?: unknown } | undefined)?.status;
    return (status === undefined ? rest : { ...rest, status }) as T;
  }

  /** Stores a new state and notifies the watches, unless nothing changed. */
  commit<T extends Resource>(kind: Kind<T>, candidate: T, how: Provenance): T {
    const live = how.before?.object;
    const object = structuredClone(
      this.options.admit?.(kind, structuredClone(candidate), live) ?? candidate,
    ) as T;
    const owners = ownersAfter(live, object, how);
    const id = formatKey(keyOf(object));
    if (live !== undefined) {
      checkFinalizers(kind, live, object);
      object.metadata.resourceVersion = live.metadata.resourceVersion ?? '';
      if (sameJson(live, object)) {
        // Nothing changed: no new version and no event, as in a real API server.
        this.#objects(kind).set(id, { object: live, owners });
        return structuredClone(live) as T;
      }
      const isSpecChange = !sameJson(this.#specOf(kind, live), this.#specOf(kind, object));
      if (isSpecChange) object.metadata.generation = (live.metadata.generation ?? 0) + 1;
    }
    object.metadata.resourceVersion = String(++this.#version);
    this.#objects(kind).set(id, { object, owners });
    this.#publish({ version: this.#version, kind, before: live, after: object, last: object });
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) this.erase(kind, object);
    return structuredClone(object);
  }

  /** Deletes an object at once. */
  erase(kind: Kind<Resource>, object: Resource): void {
    const last = structuredClone(object);
    last.metadata.resourceVersion = String(++this.#version);
    this.#objects(kind).delete(formatKey(keyOf(object)));
    this.#publish({ version: this.#version, kind, before: object, after: undefined, last });
  }

  time(): string {
    return timeOf(this.options.clock.now());
  }

  #objects(kind: Kind<Resource>): Map<string, Stored> {
    const id = collectionOf(kind);
    const collection = this.#collections.get(id) ?? { kind, objects: new Map<string, Stored>() };
    this.#collections.set(id, collection);
    return collection.objects;
  }

  /** Returns what increases the generation: everything but metadata and status, and the start of a deletion. */
  #specOf(kind: Kind<Resource>, object: Resource): unknown {
    const { metadata, ...rest } = this.withStatusOf(kind, object, undefined);
    return { ...rest, deletionTimestamp: metadata.deletionTimestamp };
  }
}

export const cloneOwners = (owners: Owners | undefined): Owners =>
  new Map([...(owners ?? [])].map(([manager, paths]) => [manager, new Set(paths)]));

function kept(before: Resource | undefined): Partial<Resource['metadata']> {
  if (before === undefined) return {};
  const { uid, creationTimestamp, generation } = before.metadata;
  return JSON.parse(JSON.stringify({ uid, creationTimestamp, generation })) as Partial<Resource['metadata']>;
}

function ownersAfter(live: Resource | undefined, object: Resource, how: Provenance): Owners {
  if ('owners' in how) return how.owners;
  const owners = cloneOwners(how.before?.owners);
  noteUpdate((live ?? {}) as Json, object as unknown as Json, { owners, manager: how.manager });
  return owners;
}

function checkFinalizers(kind: Kind<Resource>, before: Resource, after: Resource): void {
  if (before.metadata.deletionTimestamp === undefined) return;
  const known = before.metadata.finalizers ?? [];
  const added = (after.metadata.finalizers ?? []).filter((finalizer) => !known.includes(finalizer));
  if (added.length === 0) return;
  const message = `no new finalizers can be added while being deleted: ${added.join(', ')}`;
  throw failure(422, 'Invalid', { kind, key: keyOf(after) }, message);
}
