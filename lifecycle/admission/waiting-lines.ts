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
 * The lines in which requests wait: one per repository, and one per kind, class and node. A request is in the second kind of
 * line only if no other request of its repository blocks it.
 */
export interface WaitingLines {
  join(one: Candidate): void;
  leave(one: Candidate): void;
  /** Marks the repository of the request as in use. */
  use(one: Candidate): void;
  unuse(one: Candidate): void;
  /** Returns the first request of each line of kind, class and node. */
  heads(): Candidate[];
  /** Returns what blocks a waiting request from its repository: the first such request, and how many there are. */
  before(one: Candidate): { first: Candidate; isUsing: boolean; count: number } | undefined;
  /** Returns how many requests with the same obstacle are ahead. */
  aheadOf(one: Candidate, at: Obstacle['at']): number;
  /** Returns the first {@link FRONT} requests of every line that has moved since the last call. */
  takeFronts(): Candidate[];
}

interface Repository {
  users: Map<string, Candidate>;
  line: Line<Candidate>;
  /** The request that waits only for a slot. */
  able: Candidate | undefined;
}

interface SlotLine {
  of: Pick<Slot, 'kind' | 'className' | 'node'>;
  line: Line<Candidate>;
}

export function createWaitingLines(): WaitingLines {
  const repositories = new Map<string, Repository>();
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

  /** Changes the state of the repository, and moves the request that is now unblocked to the line of its slot. */
  function change(one: Candidate, act: (repository: Repository) => void): void {
    const name = one.slot.repository;
    const found = repositories.get(name) ?? {
      users: new Map<string, Candidate>(),
      line: createLine(byAge),
      able: undefined,
    };
    repositories.set(name, found);
    act(found);
    const able = found.users.size === 0 ? found.line.head : undefined;
    if (able !== found.able) {
      if (found.able !== undefined) exit(found.able);
      if (able !== undefined) enter(able);
      found.able = able;
    }
    if (found.users.size === 0 && found.line.size === 0) repositories.delete(name);
  }

  return {
    join(one) {
      if (one.slot.repository === '') enter(one);
      else change(one, ({ line }) => line.add(one));
    },
    leave(one) {
      if (one.slot.repository === '') exit(one);
      else change(one, ({ line }) => takeFrom(line, one));
    },
    use(one) {
      if (one.slot.repository !== '') change(one, ({ users }) => users.set(one.uid, one));
    },
    unuse(one) {
      if (one.slot.repository !== '') change(one, ({ users }) => users.delete(one.uid));
    },
    heads: () => [...lines.values()].flatMap(({ line: { head } }) => (head === undefined ? [] : [head])),
    before(one) {
      const repository = repositories.get(one.slot.repository);
      if (repository === undefined) return undefined;
      const [user] = repository.users.values();
      const first = user ?? repository.line.head;
      if (first === undefined || first.uid === one.uid) return undefined;
      const count = repository.users.size + repository.line.rankOf(one);
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

function lineOf({ kind, className, node }: Slot): string {
  return JSON.stringify([kind, className, node]);
}

/** Returns true if both wait for the same kind of slot. */
function wantsSame(
  one: Pick<Slot, 'kind' | 'className' | 'node'>,
  another: Slot,
  at: Obstacle['at'],
): boolean {
  if (one.kind !== another.kind) return false;
  return at === 'class' ? one.className === another.className : one.node === another.node;
}
