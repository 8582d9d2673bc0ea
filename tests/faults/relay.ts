import type { PersistentVolume } from '../../api/kubernetes/core.ts';
import type { VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { createInformerSet, type InformerSet } from '../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { collectionOf, isSelected, WatchHistory, type Change } from '../fakes/fake-history.ts';

/**
 * One real watch per kind for hundreds of stories: each story gets a {@link Feed} of the events of its own namespaces, in the API
 * server's order, so that each controller sees a cluster of its own.
 */
export class Relay {
  readonly #informers: InformerSet;
  readonly #stores = new Map<string, { list(): Resource[] }>();
  readonly #versions = new Map<string, number>();
  readonly #feeds = new Map<string, Feed>();
  /** The namespace to which a cluster-scoped object belongs, once that is known. */
  readonly #homes = new Map<string, string>();

  constructor(client: KubeClient, kinds: readonly Kind<Resource>[]) {
    this.#informers = createInformerSet({ client });
    for (const kind of kinds) {
      const { store, onChange } = this.#informers.informer(kind);
      this.#stores.set(collectionOf(kind), store);
      onChange((before, after) => this.#route(kind, before, after));
    }
  }

  /** Resolves when all kinds are synced; they are kept in sync until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    void this.#informers.run(signal);
    await this.#informers.waitForSync({ timeoutMs: 120_000, signal });
  }

  open(...namespaces: string[]): Feed {
    const feed = new Feed(this);
    for (const namespace of namespaces) this.#feeds.set(namespace, feed);
    return feed;
  }

  close(...namespaces: string[]): void {
    for (const namespace of namespaces) this.#feeds.delete(namespace);
  }

  /** Returns objects that all stories share, such as storage classes. */
  shared(kind: Kind<Resource>): Resource[] {
    const all = this.#stores.get(collectionOf(kind))?.list() ?? [];
    return all.filter(({ metadata }) => metadata.labels?.[HOME] === undefined);
  }

  versionOf(kind: Kind<Resource>): number {
    return this.#versions.get(collectionOf(kind)) ?? 0;
  }

  #route(kind: Kind<Resource>, before: Resource | undefined, after: Resource | undefined): void {
    const last = after ?? before;
    if (last === undefined) return;
    const version = Number(last.metadata.resourceVersion);
    this.#versions.set(collectionOf(kind), Math.max(this.versionOf(kind), version));
    const home = this.#homeOf(kind, last);
    if (home !== undefined) this.#feeds.get(home)?.take({ version, kind, before, after, last });
  }

  #homeOf(kind: Kind<Resource>, object: Resource): string | undefined {
    if (kind.namespaced) return object.metadata.namespace;
    const id = `${kind.kind} ${object.metadata.name}`;
    const known = this.#homes.get(id) ?? refersTo(object);
    if (known !== undefined) this.#homes.set(id, known);
    return known;
  }
}

/** Label of objects that belong to one story although their kind is shared; its value is the namespace of the story. */
export const HOME = 'home';

function refersTo(object: Resource): string | undefined {
  if (object.kind === 'PersistentVolume') return (object as PersistentVolume).spec.claimRef?.namespace;
  if (object.kind === 'VolumeSnapshotContent')
    return (object as VolumeSnapshotContent).spec.volumeSnapshotRef.namespace;
  return object.metadata.labels?.[HOME];
}

const SHARED: ReadonlySet<string> = new Set(['DataMoverClass', 'StorageClass', 'VolumeSnapshotClass']);

/** How long the watches of a controller that misses events deliver nothing. */
const DEAF_MS = 400;

/** What one story sees of the cluster. */
export class Feed {
  /** Every change so far. */
  readonly changes: Change[] = [];
  /** Called at once for every change. */
  readonly listeners = new Set<(change: Change) => void>();
  readonly #relay: Relay;
  readonly #mirror = new Map<string, Map<string, Resource>>();
  readonly #history = new WatchHistory();
  #deaf = false;
  #apart = false;

  constructor(relay: Relay) {
    this.#relay = relay;
  }

  take(change: Change): void {
    const objects = this.#objects(change.kind);
    const id = formatKey(keyOf(change.last));
    if (change.after === undefined) objects.delete(id);
    else objects.set(id, change.after);
    this.changes.push(change);
    if (!this.#deaf) this.#history.publish(change);
    for (const listener of this.listeners) listener(change);
  }

  list<T extends Resource>(kind: Kind<T>): T[] {
    const shared = SHARED.has(kind.kind) && !this.#apart ? this.#relay.shared(kind) : [];
    return [...shared, ...this.#objects(kind).values()] as T[];
  }

  /** From now on the feed contains only the story's own objects, and none of the shared ones. */
  standApart(): void {
    this.#apart = true;
  }

  get<T extends Resource>(kind: Kind<T>, key: Key): T | undefined {
    if (SHARED.has(kind.kind)) return this.list(kind).find(({ metadata }) => metadata.name === key.name);
    return this.#objects(kind).get(formatKey(key)) as T | undefined;
  }

  /** Returns the client with the lists and watches of this feed for informers; all other calls reach the API server. */
  over(client: KubeClient): KubeClient {
    return {
      ...client,
      listPage: async (kind, options = {}) => ({
        items: structuredClone(this.list(kind).filter((object) => isSelected(object, options))),
        resourceVersion: String(this.#relay.versionOf(kind)),
      }),
      watch: (kind, options) => this.#history.watch(kind, options),
    };
  }

  /** The controller's watches deliver nothing for a while and then fail with 410 Expired. */
  deafen(): void {
    this.#deaf = true;
    setTimeout(() => {
      this.#deaf = false;
      const message = 'too old resource version';
      this.#history.breakAll(new KubeError({ code: 410, reason: 'Expired', message }));
    }, DEAF_MS);
  }

  #objects(kind: Kind<Resource>): Map<string, Resource> {
    const id = collectionOf(kind);
    const known = this.#mirror.get(id) ?? new Map<string, Resource>();
    this.#mirror.set(id, known);
    return known;
  }
}
