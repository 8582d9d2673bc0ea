/** What was thrown at requests, pass after pass. */
export interface Troubles {
  /** Notes that a pass was thrown out, and answers since when every pass was, milliseconds since 1970. */
  since(uid: string, now: Date): number;
  /** A pass went through. */
  clear(uid: string): void;
}

export function createTroubles(): Troubles {
  const first = new Map<string, number>();
  return {
    since(uid, now) {
      const since = first.get(uid) ?? now.getTime();
      first.set(uid, since);
      return since;
    },
    clear(uid) {
      first.delete(uid);
    },
  };
}
