import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { isSameValue } from '../../kube/status/same-value.ts';

/** What became of a wish to write. */
export interface WriteOutcome {
  written: boolean;
  /** The wish was put off: come again after this time, if it is still the same. */
  retryAfterMs?: number;
}

/**
 * Writes requests and knows when the cache is behind those writes. A pass over an old copy would repeat
 * steps that are recorded as done, a second upload among them; it is skipped, because the watch brings the new copy at once.
 */
export interface StatusStore<T extends Resource & { status?: unknown }> {
  /** True when the cached object is older than what this process last wrote. */
  isStale(cached: T): boolean;
  /**
   * Replaces the status if it differs; conditional on the resourceVersion that the pass read. Words alone, about a wait that
   * may be over in a moment, are written only once they have stood for {@link SETTLE_MS}.
   */
  write(read: T, status: T['status'], signal: AbortSignal): Promise<WriteOutcome>;
  /** Conditional on the resourceVersion that the pass read; `notes` are annotations that are written along. */
  setFinalizers(
    read: T,
    finalizers: string[],
    signal: AbortSignal,
    notes?: Readonly<Record<string, string>>,
  ): Promise<void>;
  forget(uid: string): void;
  /** Objects that it remembers. */
  readonly size: number;
}

/** How long a mere change of words waits for a change of facts to travel with. */
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
      if (age < SETTLE_MS && isSameValue(wordless(before), wordless(status))) {
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

/** A write that changed nothing for the API server brings no new version, and nothing would end the wait for one. */
function replacedBy(after: Resource, read: Resource): string | undefined {
  const { resourceVersion } = read.metadata;
  return after.metadata.resourceVersion === resourceVersion ? undefined : resourceVersion;
}

/** The status without its messages: what remains are facts. */
function wordless(status: unknown): unknown {
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
