import { formatKey, keyOf, type Key, type Resource } from '../../api/kubernetes/meta.ts';
import { createPlaces, samePlace, type Bounds, type Place } from './slots.ts';
import { isFinal } from '../request/request-type.ts';
import { byAge, createWaitingLines, type Candidate } from './waiting-lines.ts';

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

/**
 * - `idle`: wants no place now
 * - `waiting`: in line
 * - `offered`: a place is kept until it asks
 * - `granted`: it has asked, and the cache does not show its admission yet
 * - `moving`: admitted, as the cache shows
 */
type State = 'idle' | 'waiting' | 'offered' | 'granted' | 'moving';

interface Entry extends Candidate {
  state: State;
  /** Whether the current pass has asked for a place. */
  hasAsked: boolean;
}

export function createAdmission({
  bounds,
  onOffer,
  isOurs = () => true,
  later = setImmediate,
}: AdmissionOptions): Admission {
  const entries = new Map<string, Entry>();
  /** Uids of all requests that have not ended. */
  const byRepository = new Map<string, Set<string>>();
  const places = createPlaces(bounds);
  const lines = createWaitingLines();
  /** There may be a free place that a waiting request could take. */
  let isUnsettled = false;
  let isDue = false;
  /** The first question comes when all caches are complete, and from the leader only. */
  let isActive = false;

  function unsettle(): void {
    isUnsettled = true;
    if (!isActive || isDue) return;
    isDue = true;
    later(() => {
      isDue = false;
      if (isUnsettled) settle();
    });
  }

  function put(next: Entry): void {
    const known = entries.get(next.uid);
    if (known !== undefined) disown(known, next);
    entries.set(next.uid, next);
    index(next);
    if (holds(next)) {
      places.take(next.place);
      lines.use(next);
    }
    if (known?.state === 'waiting') lines.leave(known);
    if (next.state === 'waiting') lines.join(next);
    if (known !== undefined && holds(known) && !isUserStill(known, next)) lines.unuse(known);
    if (!isSameTaking(known, next)) unsettle();
  }

  function disown(known: Entry, next: Entry | undefined): void {
    if (holds(known)) places.free(known.place);
    if (known.place.repository !== next?.place.repository) unindex(known);
  }

  function drop(uid: string): void {
    const known = entries.get(uid);
    if (known === undefined) return;
    entries.delete(uid);
    disown(known, undefined);
    if (known.state === 'waiting') lines.leave(known);
    if (holds(known)) lines.unuse(known);
    unsettle();
  }

  function index({ uid, place: { repository } }: Entry): void {
    if (repository === '') return;
    byRepository.set(repository, (byRepository.get(repository) ?? new Set()).add(uid));
  }

  function unindex({ uid, place: { repository } }: Entry): void {
    const uids = byRepository.get(repository);
    uids?.delete(uid);
    if (uids?.size === 0) byRepository.delete(repository);
  }

  function see(kind: string, request: Admissible): void {
    const { uid = '', creationTimestamp = '' } = request.metadata;
    const known = entries.get(uid);
    const place = placeAfter(kind, request, known);
    const state = stateAfter(request, place, known);
    if (known?.state === state && samePlace(known.place, place)) return;
    const hasAsked = known?.hasAsked ?? false;
    put({ uid, key: keyOf(request), createdAt: creationTimestamp, place, state, hasAsked });
  }

  function stateAfter(request: Admissible, place: Place, known: Entry | undefined): State {
    const { admittedAt, phase } = request.status ?? {};
    if (admittedAt !== undefined) return 'moving';
    // The cache is behind what this process has granted, unless the request has ended without using it.
    if (known?.state === 'granted' && phase !== 'CleaningUp') return 'granted';
    if (!waits(request) || !isOurs(request)) return 'idle';
    return stateInLine(place, known);
  }

  /** Keeps a place for each request in line that can have one, the oldest first; no place stays empty for one that cannot. */
  function settle(): void {
    isUnsettled = false;
    for (;;) {
      const able = lines.heads().filter(({ place }) => places.obstacle(place) === undefined);
      const [next] = able.sort(byAge);
      if (next === undefined) break;
      const entry = entries.get(next.uid) as Entry;
      put({ ...entry, state: 'offered' });
      onOffer(entry.place.kind, entry.key);
    }
    isUnsettled = false;
  }

  function decide(kind: string, { uid, ...rest }: AdmissionRequest): AdmissionResult {
    isActive = true;
    const known = entries.get(uid);
    if (known === undefined) return { admitted: false, ahead: 0, reason: 'the request is gone' };
    known.hasAsked = true;
    if (known.state === 'granted' || known.state === 'moving') return { admitted: true };
    const place = { kind, ...rest };
    const isSame = samePlace(known.place, place);
    const isKnown = isSame && (known.state === 'offered' || known.state === 'waiting');
    if (!isKnown) put({ ...known, place, state: 'waiting' });
    if (isUnsettled) settle();
    const now = entries.get(uid) as Entry;
    if (now.state !== 'offered') return { admitted: false, ...obstacleOf(now) };
    put({ ...now, state: 'granted' });
    return { admitted: true };
  }

  function obstacleOf(entry: Entry): { ahead: number; reason: string } {
    const before = lines.before(entry);
    if (before !== undefined) {
      const { key, state } = entries.get(before.first.uid) as Entry;
      const verb = state === 'granted' || state === 'moving' ? 'is using' : 'waits longer for';
      return { ahead: before.count, reason: `${formatKey(key)} ${verb} the same repository` };
    }
    const obstacle = places.obstacle(entry.place);
    if (obstacle === undefined) return { ahead: 0, reason: 'a place is about to be given' };
    return { ahead: lines.aheadOf(entry, obstacle.at), reason: obstacle.reason };
  }

  /** It waits no longer, and has what it was given no longer, until it asks again or the cache says that it waits. */
  function release(uid: string): void {
    const known = entries.get(uid);
    if (known === undefined || known.state === 'moving') return;
    put({ ...known, state: 'idle' });
  }

  async function during<R>(uid: string, pass: () => Promise<R>): Promise<R> {
    const known = entries.get(uid);
    const wasKept = known?.state === 'offered' || known?.state === 'granted';
    if (known !== undefined) known.hasAsked = false;
    try {
      return await pass();
    } finally {
      const now = entries.get(uid);
      if (wasKept && now !== undefined && holds(now) && !now.hasAsked) release(uid);
    }
  }

  return {
    changed(kind, before, after) {
      const gone = before?.metadata.uid;
      if (gone !== undefined && gone !== after?.metadata.uid) drop(gone);
      if (after === undefined) return;
      if (isFinal(after.status?.phase)) drop(after.metadata.uid ?? '');
      else see(kind, after);
    },
    boundsChanged: unsettle,
    decide,
    during,
    hasPlace: (uid) => {
      const known = entries.get(uid);
      return known !== undefined && holds(known);
    },
    isAwaited: (repository, uid) => {
      const uids = byRepository.get(repository);
      return uids !== undefined && uids.size > (uids.has(uid) ? 1 : 0);
    },
    release,
    takeFronts: () => lines.takeFronts().map(({ place: { kind }, key }) => ({ kind, key })),
  };
}

function holds({ state }: Entry): boolean {
  return state === 'offered' || state === 'granted' || state === 'moving';
}

/** The user of a repository is replaced where it stays the same request. */
function isUserStill(known: Entry, next: Entry): boolean {
  return holds(next) && known.place.repository === next.place.repository;
}

/** Whether nothing has become free, and nobody has joined or left a line. */
function isSameTaking(known: Entry | undefined, next: Entry): boolean {
  return known !== undefined && holds(known) && holds(next) && samePlace(known.place, next.place);
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
