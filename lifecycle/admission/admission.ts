import { keyOf, type Key, type Resource } from '../../api/kubernetes/meta.ts';
import { createBook, holds, type Book, type Entry, type State } from './book.ts';
import { isSameSlot, type AdmissionWords, type Bounds, type Slot } from './slots.ts';
import { isFinal } from '../request-status.ts';

/** The fields of a request that admission reads; for requests of every kind. */
export interface Admissible extends Resource {
  status?: { phase?: string | undefined; admittedAt?: string | undefined };
}

export interface AdmissionRequest extends Omit<Slot, 'kind'> {
  uid: string;
}

export type AdmissionResult = { admitted: true } | { admitted: false; ahead: number; reason: string };

/**
 * Decides which requests may work now. It stores nothing: a request has a slot if the cluster shows it as admitted and not ended,
 * so a restart, a failure or a deletion never loses or leaks a slot.
 */
export interface Admission {
  /** Requests a slot. Each kind has its own limits per pool and per node; a mutex serves one request at a time, of any kind. */
  decide(kind: string, request: AdmissionRequest): AdmissionResult;
  /**
   * Runs a pass over a request. If a slot was reserved for the request and the pass did not request it, the next request gets
   * it.
   */
  during<R>(uid: string, pass: () => Promise<R>): Promise<R>;
  /** Returns true if a request has a slot or a reserved one. */
  hasSlot(uid: string): boolean;
  /** Returns true if another request for this mutex has not ended. */
  isAwaited(mutex: string, uid: string): boolean;
  /** Takes the slot back from a request that has not ended. */
  release(uid: string): void;
}

/** How admission follows the cache, change by change. The cost of a change does not depend on the number of waiting requests. */
export interface AdmissionFeed<T extends Admissible> {
  /** Called for a change of the cache: without `before` for a new request, without `after` for a deleted one. */
  changed(kind: string, before: T | undefined, after: T | undefined): void;
  /** Called when the limits of a pool, or the nodes, have changed. */
  boundsChanged(): void;
  /** Returns the requests at the head of lines that have moved since the last call; their shown position is outdated. */
  takeFronts(): { kind: string; key: Key }[];
}

export interface AdmissionOptions<T extends Admissible> {
  bounds: Bounds;
  words: AdmissionWords;
  /** Returns what a request occupies according to its status. */
  slotOf: (request: T) => Omit<Slot, 'kind'>;
  /** Returns true if the request will not use a slot any more. Default: never. */
  isCanceled?: (request: T) => boolean;
  /** Called when a slot is reserved for a waiting request; its next pass gets it. */
  onOffer: (kind: string, key: Key) => void;
  /** Returns true if this controller serves the request. No slot is reserved for others. Default: all. */
  isOurs?: (request: T) => boolean;
  /** Runs an action once, after the current event. Default: `setImmediate`. */
  later?: (action: () => void) => void;
}

export function createAdmission<T extends Admissible>({
  bounds,
  words,
  slotOf,
  onOffer,
  isCanceled = () => false,
  isOurs = () => true,
  later = setImmediate,
}: AdmissionOptions<T>): Admission & AdmissionFeed<T> {
  /** True if a slot that a waiting request could take may be free. */
  let isUnsettled = false;
  let isDue = false;
  /** True after the first call of `decide`, which comes from the leader and after all caches are complete. */
  let isActive = false;
  const book = createBook(bounds, words, unsettle);

  function unsettle(): void {
    isUnsettled = true;
    if (!isActive || isDue) return;
    isDue = true;
    later(() => {
      isDue = false;
      if (isUnsettled) settle();
    });
  }

  /**
   * Reserves a slot for each waiting request that can have one, the oldest first; a request that cannot have one does not block
   * the others.
   */
  function settle(): void {
    for (let next = book.nextAble(); next !== undefined; next = book.nextAble()) {
      book.put({ ...next, state: 'offered' });
      onOffer(next.slot.kind, next.key);
    }
    isUnsettled = false;
  }

  function see(kind: string, request: T): void {
    const { uid = '', creationTimestamp = '' } = request.metadata;
    const known = book.get(uid);
    const slot = slotAfter(request, { kind, ...slotOf(request) }, known);
    const mayWait = isOurs(request) && !isCanceled(request);
    const state = stateAfter(request, { slot, known, mayWait });
    if (known?.state === state && isSameSlot(known.slot, slot)) return;
    const hasAsked = known?.hasAsked ?? false;
    book.put({ uid, key: keyOf(request), createdAt: creationTimestamp, slot, state, hasAsked });
  }

  function decide(kind: string, { uid, ...rest }: AdmissionRequest): AdmissionResult {
    isActive = true;
    const known = book.get(uid);
    if (known === undefined) return { admitted: false, ahead: 0, reason: 'the request no longer exists' };
    known.hasAsked = true;
    if (known.state === 'granted' || known.state === 'admitted') return { admitted: true };
    const slot = { kind, ...rest };
    const isSame = isSameSlot(known.slot, slot);
    const isKnown = isSame && (known.state === 'offered' || known.state === 'waiting');
    if (!isKnown) book.put({ ...known, slot, state: 'waiting' });
    if (isUnsettled) settle();
    const now = book.get(uid) as Entry;
    if (now.state !== 'offered') return { admitted: false, ...book.obstacleOf(now) };
    book.put({ ...now, state: 'granted' });
    return { admitted: true };
  }

  return {
    changed(kind, before, after) {
      const gone = before?.metadata.uid;
      if (gone !== undefined && gone !== after?.metadata.uid) book.drop(gone);
      if (after === undefined) return;
      if (isFinal(after.status?.phase)) book.drop(after.metadata.uid ?? '');
      else see(kind, after);
    },
    boundsChanged: unsettle,
    decide,
    during: (uid, pass) => during(book, uid, pass),
    hasSlot: (uid) => {
      const known = book.get(uid);
      return known !== undefined && holds(known);
    },
    isAwaited: (mutex, uid) => book.isAwaited(mutex, uid),
    release: (uid) => release(book, uid),
    takeFronts: () => book.takeFronts().map(({ slot: { kind }, key }) => ({ kind, key })),
  };
}

/** Removes the request from its line and frees its slot, until it requests one again or the cache shows that it waits. */
function release(book: Book, uid: string): void {
  const known = book.get(uid);
  if (known === undefined || known.state === 'admitted') return;
  book.put({ ...known, state: 'idle' });
}

async function during<R>(book: Book, uid: string, pass: () => Promise<R>): Promise<R> {
  const known = book.get(uid);
  const wasKept = known?.state === 'offered' || known?.state === 'granted';
  if (known !== undefined) known.hasAsked = false;
  try {
    return await pass();
  } finally {
    const now = book.get(uid);
    if (wasKept && now !== undefined && holds(now) && !now.hasAsked) release(book, uid);
  }
}

function stateAfter(
  request: Admissible,
  { slot, known, mayWait }: { slot: Slot; known: Entry | undefined; mayWait: boolean },
): State {
  const { admittedAt, phase } = request.status ?? {};
  if (admittedAt !== undefined) return 'admitted';
  // The cache lags behind what this process granted, unless the request has ended without using the slot.
  if (known?.state === 'granted' && phase !== 'CleaningUp') return 'granted';
  if (phase !== 'Queued' || !mayWait) return 'idle';
  return stateInLine(slot, known);
}

/** The slot that the last pass requested counts until the cache shows it. */
function slotAfter(request: Admissible, seen: Slot, known: Entry | undefined): Slot {
  if (known === undefined || request.status?.admittedAt !== undefined) return seen;
  const isAhead = known.state === 'granted' || (seen.mutex === '' && known.state !== 'idle');
  return isAhead ? known.slot : seen;
}

function stateInLine(slot: Slot, known: Entry | undefined): State {
  if (known?.state === 'offered' && isSameSlot(known.slot, slot)) return 'offered';
  // A request without a known mutex has not requested a slot yet; its next pass does.
  return slot.mutex === '' && known?.state !== 'waiting' ? 'idle' : 'waiting';
}
