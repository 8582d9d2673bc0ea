import { formatKey, type Key, keyOf, type Resource } from '../../api/kubernetes/meta.ts';

/** Returns the values under which an index has an object, for example the names of its secrets. */
export type Indexer<T> = (object: T) => readonly string[];

/** Objects as last seen. They are shared: never modify them. */
export interface ReadonlyStore<T extends Resource> {
  get(key: Key | string): T | undefined;
  list(): T[];
  /**
   * Returns the objects that the named indexer has under `value`.
   * @throws Error if the indexer does not exist.
   */
  byIndex(index: string, value: string): T[];
  readonly size: number;
}

/** A change of one object: `before` is absent for a new object, `after` for a deleted one. */
export interface Change<T> {
  before?: T;
  after?: T;
}

export interface Store<T extends Resource> extends ReadonlyStore<T> {
  set(object: T): Change<T>;
  /** Removes an object and returns the change; it is empty if the store had no such object. */
  remove(key: string): Change<T>;
  /** Returns the keys of all other objects in the store. */
  keysBeside(objects: readonly T[]): string[];
  addIndexer(name: string, indexer: Indexer<T>): void;
}

interface Index<T> {
  indexer: Indexer<T>;
  /** Keys of objects by value. */
  keys: Map<string, Set<string>>;
}

export function createStore<T extends Resource>(): Store<T> {
  const objects = new Map<string, T>();
  const indexes = new Map<string, Index<T>>();

  function insertInto(index: Index<T>, key: string, object: T): void {
    for (const value of index.indexer(object)) {
      const keys = index.keys.get(value) ?? new Set();
      index.keys.set(value, keys.add(key));
    }
  }

  function removeFrom(index: Index<T>, key: string, object: T): void {
    for (const value of index.indexer(object)) {
      const keys = index.keys.get(value);
      keys?.delete(key);
      if (keys?.size === 0) index.keys.delete(value);
    }
  }

  function remove(key: string): Change<T> {
    const before = objects.get(key);
    if (before === undefined) return {};
    objects.delete(key);
    for (const index of indexes.values()) removeFrom(index, key, before);
    return { before };
  }

  function set(object: T): Change<T> {
    const key = formatKey(keyOf(object));
    const { before } = remove(key);
    objects.set(key, object);
    for (const index of indexes.values()) insertInto(index, key, object);
    return before === undefined ? { after: object } : { before, after: object };
  }

  return {
    set,
    remove,
    keysBeside(list) {
      const seen = new Set(list.map((object) => formatKey(keyOf(object))));
      return [...objects.keys()].filter((key) => !seen.has(key));
    },
    addIndexer(name, indexer) {
      if (indexes.get(name)?.indexer === indexer) return;
      if (indexes.has(name)) throw new Error(`there is another index named "${name}" already`);
      const index: Index<T> = { indexer, keys: new Map() };
      indexes.set(name, index);
      for (const [key, object] of objects) insertInto(index, key, object);
    },
    get: (key) => objects.get(typeof key === 'string' ? key : formatKey(key)),
    list: () => [...objects.values()],
    byIndex(name, value) {
      const index = indexes.get(name);
      if (index === undefined) throw new Error(`there is no index named "${name}"`);
      const keys = [...(index.keys.get(value) ?? [])];
      return keys.map((key) => objects.get(key)).filter((object) => object !== undefined);
    },
    get size() {
      return objects.size;
    },
  };
}

/** Returns true if the version of an object has changed. */
export function isNews({ before, after }: Change<Resource>): boolean {
  return !sameVersion(before, after);
}

function sameVersion(before: Resource | undefined, after: Resource | undefined): boolean {
  const version = before?.metadata.resourceVersion;
  return (
    version !== undefined &&
    version === after?.metadata.resourceVersion &&
    before?.metadata.uid === after.metadata.uid
  );
}
