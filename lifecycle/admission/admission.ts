import { keyOf, type Key, type Resource } from '../../api/kubernetes/meta.ts';
import { createBook, holds, type Book, type Entry, type State } from './book.ts';
import { samePlace, type Bounds, type Place } from './slots.ts';
import { isFinal } from '../request/request-type.ts';

/** What admission looks at: requests of every kind. */
export interface Admissible extends Resource {
  spec: { cancel?: boolean | undefined } | { result: unknown } | { repository: string };
  status?: {
    phase?: string | undefined;
    dataMoverClass?: string | undefined;
    admittedAt?: string | undefined;
    repositoryPath?: string | undefined;
    node?: string | undefined;
    mover?: string | undefined;
    servedBy?: string | undefined;
  };
}

export interface AdmissionRequest extends Omit<Place, 'kind'> {
  uid: string;
}

export type AdmissionResult = { admitted: true } | { admitted: false; ahead: number; reason: string };

/**
 * Decides who may stage and move data now. It follows the cache change by change, and a change costs the same however many
 * requests wait. Nothing is stored: those that hold a place are those that the cluster shows as admitted and not
 * finished, so a restart, a failure or a deletion can never lose or leak a place.
 */
export interface Admission {
  /** Takes in a change of the cache: no `before` for a new request, no `after` for one that is gone. */
  changed(kind: string, before: Admissible | undefined, after: Admissible | undefined): void;
  /** The limits of a class, or the nodes, have changed. */
  boundsChanged(): void;
  /** Each kind has limits of its own, per class and per node; a repository serves one request of any kind at a time. */
  decide(kind: string, request: AdmissionRequest): AdmissionResult;
  /** Runs a pass over a request. A place that was kept for it and that the pass did not ask for goes to the next one. */
  during<R>(uid: string, pass: () => Promise<R>): Promise<R>;
  /** Whether a request has a place, or one is kept for it. */
  hasPlace(uid: string): boolean;
  /** Whether another request that has not ended is about this repository. */
  isAwaited(repository: string, uid: string): boolean;
  /** A request that has not ended gives its place back. */
  release(uid: string): void;
  /** Requests at the head of lines that have moved on since the last call: what is known of their position is old. */
  takeFronts(): { kind: string; key: Key }[];
}

export interface AdmissionOptions {
  bounds: Bounds;
  /** A place is kept for a waiting request; it gets it when it asks. */
  onOffer: (kind: string, key: Key) => void;
  /** Whether this controller serves a request. No place is kept for one of another controller. Default: all. */
  isOurs?: (request: Admissible) => boolean;
  /** Runs an action once, when what happens now is over. Default: `setImmediate`. */
  later?: (action: () => void) => void;
}

export function createAdmission({
  bounds,
  onOffer,
  isOurs = () => true,
  later = setImmediate,
}: AdmissionOptions): Admission {
  /** There may be a free place that a waiting request could take. */
  let isUnsettled = false;
  let isDue = false;
  /** The first question comes when all caches are complete, and from the leader only. */
  let isActive = false;
  const book = createBook(bounds, unsettle);

  function unsettle(): void {
    isUnsettled = true;
    if (!isActive || isDue) return;
    isDue = true;
    later(() => {
      isDue = false;
      if (isUnsettled) settle();
    });
  }

  /** Keeps a place for each request in line that can have one, the oldest first; no place stays empty for one that cannot. */
  function settle(): void {
    for (let next = book.nextAble(); next !== undefined; next = book.nextAble()) {
      book.put({ ...next, state: 'offered' });
      onOffer(next.place.kind, next.key);
    }
    isUnsettled = false;
  }

  function see(kind: string, request: Admissible): void {
    const { uid = '', creationTimestamp = '' } = request.metadata;
    const known = book.get(uid);
    const place = placeAfter(kind, request, known);
    const state = stateAfter(request, { place, known, isOurs });
    if (known?.state === state && samePlace(known.place, place)) return;
    const hasAsked = known?.hasAsked ?? false;
    book.put({ uid, key: keyOf(request), createdAt: creationTimestamp, place, state, hasAsked });
  }

  function decide(kind: string, { uid, ...rest }: AdmissionRequest): AdmissionResult {
    isActive = true;
    const known = book.get(uid);
    if (known === undefined) return { admitted: false, ahead: 0, reason: 'the request is gone' };
    known.hasAsked = true;
    if (known.state === 'granted' || known.state === 'moving') return { admitted: true };
    const place = { kind, ...rest };
    const isSame = samePlace(known.place, place);
    const isKnown = isSame && (known.state === 'offered' || known.state === 'waiting');
    if (!isKnown) book.put({ ...known, place, state: 'waiting' });
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
    hasPlace: (uid) => {
      const known = book.get(uid);
      return known !== undefined && holds(known);
    },
    isAwaited: (repository, uid) => book.isAwaited(repository, uid),
    release: (uid) => release(book, uid),
    takeFronts: () => book.takeFronts().map(({ place: { kind }, key }) => ({ kind, key })),
  };
}

/** It waits no longer, and has what it was given no longer, until it asks again or the cache says that it waits. */
function release(book: Book, uid: string): void {
  const known = book.get(uid);
  if (known === undefined || known.state === 'moving') return;
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
  {
    place,
    known,
    isOurs,
  }: { place: Place; known: Entry | undefined; isOurs: (request: Admissible) => boolean },
): State {
  const { admittedAt, phase } = request.status ?? {};
  if (admittedAt !== undefined) return 'moving';
  // The cache is behind what this process has granted, unless the request has ended without using it.
  if (known?.state === 'granted' && phase !== 'CleaningUp') return 'granted';
  if (!waits(request) || !isOurs(request)) return 'idle';
  return stateInLine(place, known);
}

/** What a pass has asked for counts until the cache shows it. */
function placeAfter(kind: string, request: Admissible, known: Entry | undefined): Place {
  const seen = placeOf(kind, request);
  if (known === undefined || request.status?.admittedAt !== undefined) return seen;
  const isAhead = known.state === 'granted' || (seen.repository === '' && known.state !== 'idle');
  return isAhead ? known.place : seen;
}

function placeOf(kind: string, { status }: Admissible): Place {
  const { dataMoverClass: className = '', repositoryPath: repository = '', node } = status ?? {};
  return { kind, className, repository, node };
}

function stateInLine(place: Place, known: Entry | undefined): State {
  if (known?.state === 'offered' && samePlace(known.place, place)) return 'offered';
  // One that does not know its repository yet has never asked, and does so with its next pass.
  return place.repository === '' && known?.state !== 'waiting' ? 'idle' : 'waiting';
}

function waits({ spec, status }: Admissible): boolean {
  const isCanceled = 'cancel' in spec && spec.cancel === true;
  return status?.phase === 'Queued' && !isCanceled;
}
