import type { Key } from '../../api/kubernetes/meta.ts';
import { compareText, createLine, type Line } from './sorted-line.ts';
import type { Obstacle, Slot } from './slots.ts';

/** A request that has not ended, as admission sees it. */
export interface Candidate {
  uid: string;
  key: Key;
  /** RFC 3339. */
  createdAt: string;
  slot: Slot;
}

/** Compares by age: the only order in which requests get their slots. */
export function byAge(a: Candidate, b: Candidate): number {
  return compareText(a.createdAt, b.createdAt) || compareText(a.uid, b.uid);
}

/** How many requests at the head of a line are updated at each change of their position. */
export const FRONT = 10;

/**
 * The lines in which requests wait: one per mutex, and one per kind, pool and node. A request is in the second kind of
 * line only if no other request of its mutex blocks it.
 */
export interface WaitingLines {
  join(one: Candidate): void;
  leave(one: Candidate): void;
  /** Marks the mutex of the request as in use. */
  use(one: Candidate): void;
  unuse(one: Candidate): void;
  /** Returns the first request of each line of kind, pool and node. */
  heads(): Candidate[];
  /** Returns what blocks a waiting request from its mutex: the first such request, and how many there are. */
  before(one: Candidate): { first: Candidate; isUsing: boolean; count: number } | undefined;
  /** Returns how many requests with the same obstacle are ahead. */
  aheadOf(one: Candidate, at: Obstacle['at']): number;
  /** Returns the first {@link FRONT} requests of every line that has moved since the last call. */
  takeFronts(): Candidate[];
}

interface Mutex {
  users: Map<string, Candidate>;
  line: Line<Candidate>;
  /** The request that waits only for a slot. */
  able: Candidate | undefined;
}

interface SlotLine {
  of: Pick<Slot, 'kind' | 'pool' | 'node'>;
  line: Line<Candidate>;
}

export function createWaitingLines(): WaitingLines {
  const mutexes = new Map<string, Mutex>();
  const lines = new Map<string, SlotLine>();
  const moved = new Set<Line<Candidate>>();

  function enter(one: Candidate): void {
    const id = lineOf(one.slot);
    const found = lines.get(id) ?? { of: one.slot, line: createLine(byAge) };
    lines.set(id, found);
    found.line.add(one);
  }

  function exit(one: Candidate): void {
    const id = lineOf(one.slot);
    const found = lines.get(id);
    if (found === undefined) return;
    takeFrom(found.line, one);
    if (found.line.size === 0) lines.delete(id);
  }

  function takeFrom(line: Line<Candidate>, one: Candidate): void {
    if (line.rankOf(one) < FRONT) moved.add(line);
    line.remove(one);
    if (line.size === 0) moved.delete(line);
  }

  /** Changes the state of the mutex, and moves the request that is now unblocked to the line of its slot. */
  function change(one: Candidate, act: (mutex: Mutex) => void): void {
    const name = one.slot.mutex;
    const found = mutexes.get(name) ?? {
      users: new Map<string, Candidate>(),
      line: createLine(byAge),
      able: undefined,
    };
    mutexes.set(name, found);
    act(found);
    const able = found.users.size === 0 ? found.line.head : undefined;
    if (able !== found.able) {
      if (found.able !== undefined) exit(found.able);
      if (able !== undefined) enter(able);
      found.able = able;
    }
    if (found.users.size === 0 && found.line.size === 0) mutexes.delete(name);
  }

  return {
    join(one) {
      if (one.slot.mutex === '') enter(one);
      else change(one, ({ line }) => line.add(one));
    },
    leave(one) {
      if (one.slot.mutex === '') exit(one);
      else change(one, ({ line }) => takeFrom(line, one));
    },
    use(one) {
      if (one.slot.mutex !== '') change(one, ({ users }) => users.set(one.uid, one));
    },
    unuse(one) {
      if (one.slot.mutex !== '') change(one, ({ users }) => users.delete(one.uid));
    },
    heads: () => [...lines.values()].flatMap(({ line: { head } }) => (head === undefined ? [] : [head])),
    before(one) {
      const mutex = mutexes.get(one.slot.mutex);
      if (mutex === undefined) return undefined;
      const [user] = mutex.users.values();
      const first = user ?? mutex.line.head;
      if (first === undefined || first.uid === one.uid) return undefined;
      const count = mutex.users.size + mutex.line.rankOf(one);
      return { first, isUsing: user !== undefined, count };
    },
    aheadOf(one, at) {
      let ahead = 0;
      for (const { of, line } of lines.values()) if (wantsSame(of, one.slot, at)) ahead += line.rankOf(one);
      return ahead;
    },
    takeFronts() {
      const found = [...moved].flatMap((line) => line.first(FRONT));
      moved.clear();
      return found;
    },
  };
}

function lineOf({ kind, pool, node }: Slot): string {
  return JSON.stringify([kind, pool, node]);
}

/** Returns true if both wait for the same kind of slot. */
function wantsSame(one: Pick<Slot, 'kind' | 'pool' | 'node'>, another: Slot, at: Obstacle['at']): boolean {
  if (one.kind !== another.kind) return false;
  return at === 'pool' ? one.pool === another.pool : one.node === another.node;
}
