import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { isSameValue } from '../../kube/status/same-value.ts';

/** The outcome of a call to `StatusStore.write`. */
export interface WriteOutcome {
  written: boolean;
  /** The write was postponed: try again after this time if the status still differs. */
  retryAfterMs?: number;
}

/**
 * Writes requests, and detects that the cache is older than those writes. A pass over a stale copy would repeat recorded steps
 * (for example, upload twice); it is skipped, and the watch delivers the new copy at once.
 */
export interface StatusStore<T extends Resource & { status?: unknown }> {
  /** Returns true if the cached object is older than the last write of this process. */
  isStale(cached: T): boolean;
  /**
   * Replaces the status if it differs; conditional on the resourceVersion that the pass read. If only messages differ, the
   * write is postponed until {@link SETTLE_MS} after the previous one: the wait that they describe may be short.
   */
  write(read: T, status: T['status'], signal: AbortSignal): Promise<WriteOutcome>;
  /** Sets the finalizers; conditional on the resourceVersion that the pass read. `notes` are annotations for the same write. */
  setFinalizers(
    read: T,
    finalizers: string[],
    signal: AbortSignal,
    notes?: Readonly<Record<string, string>>,
  ): Promise<void>;
  forget(uid: string): void;
  /** Number of remembered objects. */
  readonly size: number;
}

/** How long a change of messages alone waits, so that it can share a write with a change of facts; in milliseconds. */
export const SETTLE_MS = 2_000;

interface Memory {
  /** The resourceVersion that our last write replaced. */
  replaced: string | undefined;
  /** Of `clock.monotonic()`. */
  writtenAt: number;
}

export function createStatusStore<T extends Resource & { status?: unknown }>(
  client: KubeClient,
  kind: Kind<T>,
  clock: Pick<Clock, 'monotonic'>,
): StatusStore<T> {
  const memories = new Map<string, Memory>();

  return {
    isStale({ metadata: { uid = '', resourceVersion } }) {
      const memory = memories.get(uid);
      return memory?.replaced !== undefined && memory.replaced === resourceVersion;
    },
    async write(read, status, signal) {
      const before = read.status ?? {};
      if (isSameValue(before, status)) return { written: false };
      const { uid = '' } = read.metadata;
      const age = clock.monotonic() - (memories.get(uid)?.writtenAt ?? -Infinity);
      if (age < SETTLE_MS && isSameValue(withoutMessages(before), withoutMessages(status))) {
        return { written: false, retryAfterMs: SETTLE_MS - age };
      }
      const after = await client.applyStatus(kind, statusBody(read, status), { signal });
      memories.set(uid, { replaced: replacedBy(after, read), writtenAt: clock.monotonic() });
      return { written: true };
    },
    async setFinalizers(read, finalizers, signal, notes) {
      const { uid = '', resourceVersion } = read.metadata;
      const metadata = { resourceVersion, finalizers, ...(notes !== undefined && { annotations: notes }) };
      const after = await client.mergePatch(kind, keyOf(read), { metadata }, { signal });
      memories.set(uid, { replaced: replacedBy(after, read), writtenAt: -Infinity });
    },
    forget(uid) {
      memories.delete(uid);
    },
    get size() {
      return memories.size;
    },
  };
}

/** Returns the replaced resourceVersion; undefined if the write changed nothing, because no new version will then arrive. */
function replacedBy(after: Resource, read: Resource): string | undefined {
  const { resourceVersion } = read.metadata;
  return after.metadata.resourceVersion === resourceVersion ? undefined : resourceVersion;
}

/** Returns the status without its messages. */
function withoutMessages(status: unknown): unknown {
  return JSON.parse(JSON.stringify(status, (key, value: unknown) => (key === 'message' ? undefined : value)));
}

function statusBody<T extends Resource & { status?: unknown }>(read: T, status: T['status']): T {
  const { name, namespace, resourceVersion } = read.metadata;
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  return { apiVersion: read.apiVersion, kind: read.kind, metadata, status } as unknown as T;
}
