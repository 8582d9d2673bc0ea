import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Cleaner } from '../../kube/runtime/deleter.ts';
import { createErrorStreaks, type ErrorStreaks } from './error-streaks.ts';
import type { RequestResource } from './request-type.ts';
import type { StatusStore } from './status-store.ts';
import { createTimeKeeper, type TimeLimits } from './time-limits.ts';

/** What this process remembers about requests of one kind. All of it can be lost: after a restart some waits only take longer. */
export interface RequestMemory {
  /**
   * Records the cached request of a key. Returns the previous request if it was active and has been deleted or replaced by
   * another one with the same name; then nothing is recorded until {@link forget} is called.
   */
  track(id: string, request: RequestResource | undefined): RequestResource | undefined;
  /** Makes {@link track} report if the request vanishes. */
  setActive(request: RequestResource): void;
  /** Called when the request has ended: it may vanish. */
  setInactive(request: RequestResource): void;
  /** Forgets a request that was deleted. */
  forget(request: RequestResource): void;
  limitsOf(request: RequestResource): TimeLimits;
  /** Streaks of errors that passes threw. */
  readonly errorStreaks: ErrorStreaks;
  /** Returns how many requests are remembered, by the kind of memory. */
  sizes(): Readonly<Record<string, number>>;
}

interface Dependencies {
  clock: Clock;
  cleaner: Cleaner;
}

export function createRequestMemory(
  { clock, cleaner }: Dependencies,
  store: Pick<StatusStore<RequestResource>, 'forget' | 'size'>,
): RequestMemory {
  const errorStreaks = createErrorStreaks(clock);
  const limits = createTimeKeeper(clock);
  /** Active requests as last seen, by key. */
  const active = new Map<string, RequestResource>();
  /** Uids of all remembered requests, by key. */
  const uids = new Map<string, string>();

  function forget(id: string, uid: string): void {
    active.delete(id);
    uids.delete(id);
    cleaner.forget(uid);
    errorStreaks.clear(uid);
    limits.forget(uid);
    store.forget(uid);
  }

  return {
    track(id, request) {
      const before = active.get(id);
      const uid = request?.metadata.uid;
      if (before !== undefined && before.metadata.uid !== uid) return before;
      const known = uids.get(id);
      if (known !== undefined && known !== uid) forget(id, known);
      if (uid !== undefined) uids.set(id, uid);
      return undefined;
    },
    setActive: (request) => void active.set(idOf(request), request),
    setInactive(request) {
      const { uid = '' } = request.metadata;
      active.delete(idOf(request));
      cleaner.forget(uid);
      errorStreaks.clear(uid);
      limits.forget(uid);
    },
    forget: (request) => forget(idOf(request), request.metadata.uid ?? ''),
    limitsOf: ({ metadata }) => limits.of(metadata.uid ?? ''),
    errorStreaks,
    sizes: () => ({
      uids: uids.size,
      underWay: active.size,
      written: store.size,
      errorStreaks: errorStreaks.size,
      limits: limits.size,
    }),
  };
}

const idOf = (request: RequestResource): string => formatKey(keyOf(request));
