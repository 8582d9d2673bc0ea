import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Cleaner } from '../../kube/runtime/deleter.ts';
import { createTroubles, type Troubles } from './error-streak.ts';
import type { RequestResource } from './request-type.ts';
import type { StatusStore } from './status-store.ts';
import { createTimeKeeper, type TimeLimits } from './time-limits.ts';

/** What this process remembers of requests of one kind. All of it can be lost: a restart only costs some waiting. */
export interface RequestMemory {
  /**
   * Notes what the cache has of a key. Returns the request that was there before if it is active and gone, or replaced by
   * another one of its name; then nothing is noted until {@link forget} is called.
   */
  track(id: string, request: RequestResource | undefined): RequestResource | undefined;
  /** From now on {@link track} reports if the request vanishes. */
  setActive(request: RequestResource): void;
  /** The request has ended: it may vanish. */
  setInactive(request: RequestResource): void;
  /** Forgets a request that is gone. */
  forget(request: RequestResource): void;
  limitsOf(request: RequestResource): TimeLimits;
  /** Errors that were thrown by passes over requests. */
  readonly troubles: Troubles;
  /** How many requests something is remembered of, by what that is. */
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
  const troubles = createTroubles(clock);
  const limits = createTimeKeeper(clock);
  /** Active requests as last seen, by key. */
  const active = new Map<string, RequestResource>();
  /** Uids of those that something is remembered of, by key. */
  const uids = new Map<string, string>();

  function forget(id: string, uid: string): void {
    active.delete(id);
    uids.delete(id);
    cleaner.forget(uid);
    troubles.clear(uid);
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
      troubles.clear(uid);
      limits.forget(uid);
    },
    forget: (request) => forget(idOf(request), request.metadata.uid ?? ''),
    limitsOf: ({ metadata }) => limits.of(metadata.uid ?? ''),
    troubles,
    sizes: () => ({
      uids: uids.size,
      underWay: active.size,
      written: store.size,
      troubles: troubles.size,
      limits: limits.size,
    }),
  };
}

const idOf = (request: RequestResource): string => formatKey(keyOf(request));
