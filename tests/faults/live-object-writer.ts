import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { mergePatchBetween } from '../../hack/cluster/doubles/volsync/state/merge-patch.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../kube/client/kube-error.ts';
import type { Change } from '../fakes/fake-history.ts';
import { collectionOf } from '../fakes/fake-history.ts';
import type { ObjectWriter } from '../fakes/cluster/state.ts';
import type { Feed } from './relay.ts';

interface Draft {
  kind: Kind<Resource>;
  key: Key;
  before: Resource | undefined;
  after: Resource | undefined;
}

type WithStatus = Resource & { status?: object };

/**
 * Makes the doubles, which write in memory, write to a real API server: the changes of one step are drafts that the doubles see
 * at once, and are sent together afterwards. A draft of an outdated copy is dropped; the next step creates another.
 */
export class LiveObjectWriter implements ObjectWriter {
  readonly #client: KubeClient;
  readonly #feed: Feed;
  readonly #drafts = new Map<string, Draft>();
  /** Responses to own writes that the feed has not delivered yet; `undefined`: deleted. */
  readonly #ahead = new Map<string, { version: number; object: Resource | undefined }>();

  constructor(client: KubeClient, feed: Feed) {
    this.#client = client;
    this.#feed = feed;
    feed.listeners.add((change) => this.#catchUp(change));
  }

  list<T extends Resource>(kind: Kind<T>): T[] {
    const prefix = `${collectionOf(kind)}/`;
    const ids = this.#feed.list(kind).map((object) => idOf(kind, keyOf(object)));
    const own = [...this.#drafts.keys(), ...this.#ahead.keys()].filter((id) => id.startsWith(prefix));
    const all = [...new Set([...ids, ...own])].map((id) => this.get(kind, keyFrom(id.slice(prefix.length))));
    return all.filter((object) => object !== undefined);
  }

  get<T extends Resource>(kind: Kind<T>, key: Key): T | undefined {
    const id = idOf(kind, key);
    const draft = this.#drafts.get(id);
    if (draft !== undefined) return draft.after as T | undefined;
    const ahead = this.#ahead.get(id);
    return ahead === undefined ? this.#feed.get(kind, key) : (ahead.object as T | undefined);
  }

  seed<T extends Resource>(kind: Kind<T>, object: T): T {
    this.#draft(kind, keyOf(object), structuredClone(object));
    return object;
  }

  edit<T extends Resource>(kind: Kind<T>, key: Key, change: (object: T) => void): T {
    const object = structuredClone(this.get(kind, key));
    if (object === undefined) throw new Error(`no ${kind.kind} ${formatKey(key)} to edit`);
    change(object);
    this.#draft(kind, key, object);
    return object;
  }

  remove(kind: Kind<Resource>, key: Key): void {
    if (this.get(kind, key) !== undefined) this.#draft(kind, key, undefined);
  }

  /** Sends all drafts; new objects first, since others may refer to them. */
  async flush(): Promise<void> {
    const drafts = [...this.#drafts.values()];
    const isNew = ({ before }: Draft): boolean => before === undefined;
    await this.#sendAll(drafts.filter(isNew));
    await this.#sendAll(drafts.filter((draft) => !isNew(draft)));
  }

  async #sendAll(drafts: readonly Draft[]): Promise<void> {
    await Promise.all(
      drafts.map(async (draft) => {
        const { kind, key } = draft;
        const object = await this.#send(draft).catch((error: unknown) => this.#afresh(draft, error));
        this.#drafts.delete(idOf(kind, key));
        this.#learn(kind, key, object);
      }),
    );
  }

  #draft(kind: Kind<Resource>, key: Key, after: Resource | undefined): void {
    const id = idOf(kind, key);
    const before = this.#drafts.has(id) ? this.#drafts.get(id)?.before : this.get(kind, key);
    this.#drafts.set(id, { kind, key, before, after });
  }

  async #send({ kind, key, before, after }: Draft): Promise<Resource | undefined> {
    if (after === undefined) {
      await this.#client.delete(kind, key, { propagationPolicy: 'Background' });
      return this.#client.get(kind, key);
    }
    const live = before ?? (await this.#client.create(kind, complete(after)));
    const { status: was = {}, ...from } = live as WithStatus;
    const { status: is = {}, ...to } = after as WithStatus;
    const { resourceVersion } = live.metadata;
    const patch = before === undefined ? undefined : mergePatchBetween(from, to);
    const patched =
      patch === undefined
        ? live
        : await this.#client.mergePatch(kind, key, {
            ...patch,
            metadata: { ...(patch['metadata'] as object | undefined), resourceVersion },
          });
    const status = kind.kind === 'PersistentVolume' ? undefined : mergePatchBetween(was, is);
    if (status === undefined) return patched;
    return this.#client.mergePatch(kind, key, { status }, { subresource: 'status' });
  }

  async #afresh({ kind, key }: Draft, error: unknown): Promise<Resource | undefined> {
    if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error)) throw error;
    return this.#client.get(kind, key);
  }

  #learn(kind: Kind<Resource>, key: Key, object: Resource | undefined): void {
    const id = idOf(kind, key);
    const seen = this.#feed.get(kind, key);
    if (object === undefined) {
      if (seen !== undefined) this.#ahead.set(id, { version: versionOf(seen), object });
    } else if (versionOf(object) > versionOf(seen)) {
      // An object that was deleted since is no longer in the feed: it would stay here forever.
      const gone = this.#feed.changes.some(
        ({ after, last }) => after === undefined && last.metadata.uid === object.metadata.uid,
      );
      if (!gone) this.#ahead.set(id, { version: versionOf(object), object });
    }
  }

  #catchUp({ kind, last, after, version }: Change): void {
    const id = idOf(kind, keyOf(last));
    const ahead = this.#ahead.get(id);
    if (ahead === undefined) return;
    const known = ahead.object === undefined ? after === undefined : version >= ahead.version;
    if (known || last.metadata.uid !== (ahead.object ?? last).metadata.uid) this.#ahead.delete(id);
  }
}

function idOf(kind: Kind<Resource>, key: Key): string {
  return `${collectionOf(kind)}/${formatKey(key)}`;
}

function keyFrom(text: string): Key {
  const [first = '', second] = text.split('/');
  return second === undefined ? { name: first } : { namespace: first, name: second };
}

function versionOf(object: Resource | undefined): number {
  return Number(object?.metadata.resourceVersion ?? 0);
}

const POD_SPEC = { restartPolicy: 'Never', containers: [{ name: 'restic', image: 'restic' }] };

/** Adds what the API server requires and no double reads. */
function complete(object: Resource): Resource {
  const { status: _, ...rest } = object as WithStatus;
  const { spec } = object as { spec?: object };
  if (object.kind === 'Pod') return { ...rest, spec: { ...spec, ...POD_SPEC } } as Resource;
  if (object.kind === 'Job') return { ...rest, spec: { template: { spec: POD_SPEC } } } as Resource;
  return rest;
}
