import { formatKey } from '../../api/kubernetes/meta.ts';
import { createSlots, isSameSlot, type AdmissionWords, type Bounds } from './slots.ts';
import { byAge, createWaitingLines, type Candidate } from './waiting-lines.ts';

/**
 * - `idle`: needs no slot now
 * - `waiting`: in line
 * - `offered`: a slot is reserved until the next pass requests it
 * - `granted`: a pass has requested it, and the cache does not show the admission yet
 * - `admitted`: admitted, as the cache shows
 */
export type State = 'idle' | 'waiting' | 'offered' | 'granted' | 'admitted';

/** A request that has not ended. */
export interface Entry extends Candidate {
  state: State;
  /** True if the current pass has requested a slot. */
  hasAsked: boolean;
}

/** The slots that requests have, and the order in which others wait for one. */
export interface Book {
  get(uid: string): Entry | undefined;
  /** Adds or replaces an entry. */
  put(entry: Entry): void;
  drop(uid: string): void;
  /** Returns the oldest waiting request that can have a slot now; undefined if none can. */
  nextAble(): Entry | undefined;
  /** Returns why a waiting request has no slot, and how many requests are ahead of it. */
  obstacleOf(entry: Entry): { ahead: number; reason: string };
  /** Returns true if another request for this mutex has not ended. */
  isAwaited(mutex: string, uid: string): boolean;
  takeFronts(): Candidate[];
}

/** Creates a book. `onFreed` is called whenever a slot that a waiting request could take may be free. */
export function createBook(bounds: Bounds, words: AdmissionWords, onFreed: () => void): Book {
  const entries = new Map<string, Entry>();
  const mutexes = createMutexIndex();
  const slots = createSlots(bounds, words);
  const lines = createWaitingLines();

  function disown(known: Entry, next: Entry | undefined): void {
    if (holds(known)) slots.free(known.slot);
    if (known.slot.mutex !== next?.slot.mutex) mutexes.remove(known);
  }

  return {
    get: (uid) => entries.get(uid),
    put(next) {
      const known = entries.get(next.uid);
      if (known !== undefined) disown(known, next);
      entries.set(next.uid, next);
      mutexes.add(next);
      if (holds(next)) {
        slots.take(next.slot);
        lines.use(next);
      }
      if (known?.state === 'waiting') lines.leave(known);
      if (next.state === 'waiting') lines.join(next);
      if (known !== undefined && holds(known) && !isUserStill(known, next)) lines.unuse(known);
      if (!isSameTaking(known, next)) onFreed();
    },
    drop(uid) {
      const known = entries.get(uid);
      if (known === undefined) return;
      entries.delete(uid);
      disown(known, undefined);
      if (known.state === 'waiting') lines.leave(known);
      if (holds(known)) lines.unuse(known);
      onFreed();
    },
    nextAble() {
      const able = lines.heads().filter(({ slot }) => slots.obstacle(slot) === undefined);
      const [next] = able.sort(byAge);
      return next && entries.get(next.uid);
    },
    obstacleOf(entry) {
      const before = lines.before(entry);
      if (before !== undefined) {
        const { key, state } = entries.get(before.first.uid) as Entry;
        const verb = state === 'granted' || state === 'admitted' ? 'is using' : 'has waited longer for';
        return { ahead: before.count, reason: `${formatKey(key)} ${verb} the same ${words.mutex}` };
      }
      const obstacle = slots.obstacle(entry.slot);
      if (obstacle === undefined) return { ahead: 0, reason: 'a slot is about to be assigned' };
      return { ahead: lines.aheadOf(entry, obstacle.at), reason: obstacle.reason };
    },
    isAwaited: (mutex, uid) => mutexes.isAwaited(mutex, uid),
    takeFronts: () => lines.takeFronts(),
  };
}

/** Indexes the uids of all requests that have not ended by their mutex. */
function createMutexIndex() {
  const uidsOf = new Map<string, Set<string>>();
  return {
    add({ uid, slot: { mutex } }: Entry): void {
      if (mutex === '') return;
      uidsOf.set(mutex, (uidsOf.get(mutex) ?? new Set()).add(uid));
    },
    remove({ uid, slot: { mutex } }: Entry): void {
      const uids = uidsOf.get(mutex);
      uids?.delete(uid);
      if (uids?.size === 0) uidsOf.delete(mutex);
    },
    isAwaited(mutex: string, uid: string): boolean {
      const uids = uidsOf.get(mutex);
      return uids !== undefined && uids.size > (uids.has(uid) ? 1 : 0);
    },
  };
}

/** Returns true if the request has a slot or a reserved one. */
export function holds({ state }: Entry): boolean {
  return state === 'offered' || state === 'granted' || state === 'admitted';
}

/** Returns true if the request keeps its mutex; `lines.use` has then replaced the entry already. */
function isUserStill(known: Entry, next: Entry): boolean {
  return holds(next) && known.slot.mutex === next.slot.mutex;
}

/** Returns true if no slot became free and no line changed. */
function isSameTaking(known: Entry | undefined, next: Entry): boolean {
  return known !== undefined && holds(known) && holds(next) && isSameSlot(known.slot, next.slot);
}
