import type { Clock } from '../../kube/runtime/clock.ts';

/** Records for how long every pass over a request has thrown an error. */
export interface ErrorStreaks {
  /** Records an error of a pass. Returns the milliseconds since the first error without a successful pass in between. */
  lasted(uid: string): number;
  /** Ends the streak: a pass succeeded, or the request was deleted. */
  clear(uid: string): void;
  /** Number of requests with a streak. */
  readonly size: number;
}

export function createErrorStreaks(clock: Pick<Clock, 'monotonic'>): ErrorStreaks {
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
