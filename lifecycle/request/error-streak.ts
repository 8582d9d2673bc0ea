import type { Clock } from '../../kube/runtime/clock.ts';

/** What was thrown at requests, pass after pass. */
export interface Troubles {
  /** Notes that a pass was thrown out; returns for how long every pass has been, in milliseconds. */
  lasted(uid: string): number;
  /** A pass went through, or the request is gone. */
  clear(uid: string): void;
  /** Requests in trouble. */
  readonly size: number;
}

export function createTroubles(clock: Pick<Clock, 'monotonic'>): Troubles {
  const first = new Map<string, number>();
  return {
    lasted(uid) {
      const since = first.get(uid) ?? clock.monotonic();
      first.set(uid, since);
      return clock.monotonic() - since;
    },
    clear(uid) {
      first.delete(uid);
    },
    get size() {
      return first.size;
    },
  };
}
