import { apiVersionOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { WatchEvent, WatchOptions } from '../../kube/client/kube-client.ts';
import type { KubeError } from '../../kube/client/kube-error.ts';
import { createChannel } from './channel.ts';
import { failure } from './fake-failure.ts';
import { matchesFields, matchesLabels } from './selectors.ts';

/** One change in the history: `before` is absent for a new object, `after` for a deleted one. */
export interface Change {
  version: number;
  kind: Kind<Resource>;
  before: Resource | undefined;
  after: Resource | undefined;
  /** The last state; for a deleted object with the version of the deletion. */
  last: Resource;
}

/** What a list or watch is restricted to. */
export interface Selection {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

interface OpenWatch {
  offer(change: Change): void;
  end(error?: unknown): void;
  bookmark(version: number): void;
}

/** Two kinds are the same collection if they are served under the same path, in whatever version. */
export const collectionOf = (kind: Kind<Resource>): string => `${kind.plural}.${kind.group}`;

export function isSelected(
  object: Resource,
  { namespace, labelSelector, fieldSelector }: Selection,
): boolean {
  return (
    (namespace === undefined || object.metadata.namespace === namespace) &&
    matchesLabels(labelSelector, object) &&
    matchesFields(fieldSelector, object)
  );
}

/** All changes since the last compaction, and the watches that follow them. */
export class WatchHistory {
  readonly #changes: Change[] = [];
  readonly #watches = new Set<OpenWatch>();
  #compactedAt = 0;

  publish(change: Change): void {
    this.#changes.push(change);
    for (const watch of this.#watches) watch.offer(change);
  }

  compact(version: number): void {
    this.#changes.length = 0;
    this.#compactedAt = version;
  }

  breakAll(error?: KubeError): void {
    for (const watch of this.#watches) watch.end(error);
  }

  bookmarkAll(version: number): void {
    for (const watch of this.#watches) watch.bookmark(version);
  }

  get open(): number {
    return this.#watches.size;
  }

  async *watch<T extends Resource>(kind: Kind<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const from = Number(options.resourceVersion);
    if (from < this.#compactedAt)
      throw failure(410, 'Expired', { kind }, `too old resource version: ${options.resourceVersion}`);
    options.onOpen?.();
    const channel = createChannel<WatchEvent<T>>();
    const watch: OpenWatch = {
      offer: (change) => {
        if (change.version <= from || collectionOf(change.kind) !== collectionOf(kind)) return;
        const type = eventType(change, options);
        if (type !== undefined) channel.push({ type, object: structuredClone(change.last) as T });
      },
      end: (error) => channel.end(error),
      bookmark: (version) => channel.push({ type: 'BOOKMARK', object: bookmarkOf(kind, version) }),
    };
    const onAbort = (): void => channel.end(options.signal?.reason);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (options.signal?.aborted === true) onAbort();
    this.#watches.add(watch);
    try {
      this.#changes.forEach((change) => watch.offer(change));
      yield* channel.values();
    } finally {
      this.#watches.delete(watch);
      options.signal?.removeEventListener('abort', onAbort);
    }
  }
}

/**
 * Returns the type of the event for a watch: an object that starts or ceases to match the selector is added or deleted for it.
 */
function eventType(change: Change, selection: Selection): WatchEvent<Resource>['type'] | undefined {
  const was = change.before !== undefined && isSelected(change.before, selection);
  const is = change.after !== undefined && isSelected(change.after, selection);
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}

function bookmarkOf<T extends Resource>(kind: Kind<T>, version: number): T {
  const metadata = { name: '', resourceVersion: String(version) };
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata } as T;
}
