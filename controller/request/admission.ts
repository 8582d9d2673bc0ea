import type { Resource } from '../../api/meta.ts';
import type { RequestKind } from '../movers/mover.ts';
import { createPlaces, shareRepository, type Bounds, type Place } from './places.ts';

/** How often a waiting request brings its place in the queue up to date. */
export const QUEUE_REFRESH_MS = 30_000;

/** What admission looks at: requests of every kind. */
export interface Candidate extends Resource {
  spec: { cancel?: boolean | undefined } | { result: unknown } | { repository: string };
  status?: {
    phase?: string | undefined;
    dataMoverClass?: string | undefined;
    admittedAt?: string | undefined;
    repositoryPath?: string | undefined;
    node?: string | undefined;
    failure?: unknown;
  };
}

export interface AdmissionRequest extends Omit<Place, 'kind'> {
  uid: string;
}

export type AdmissionResult = { admitted: true } | { admitted: false; ahead: number; reason: string };

/**
 * Decides who may stage and move data now. Nothing is counted up or down: the running ones are those that the cluster
 * lists as admitted and not finished, so a restart, a failure or a deletion can never lose or leak a place.
 */
export interface Admission {
  /** Each kind has limits of its own, per class and per node; a repository serves one request of any kind at a time. */
  decide(kind: RequestKind, request: AdmissionRequest): AdmissionResult;
  /** Whether another request that has not ended is about this repository. */
  isAwaited(repository: string, uid: string): boolean;
  /** A request that has not ended gives its place back. */
  release(uid: string): void;
}

type Lists = Readonly<Record<RequestKind, () => readonly Candidate[]>>;

const FINISHED: ReadonlySet<string | undefined> = new Set(['Completed', 'Failed', 'Canceled']);

/**
 * `lists` come from caches, which lag behind our own writes; `granted` holds what this process has admitted until the
 * cache shows it, so that two passes in a row cannot give the same place twice.
 */
export function createAdmission(lists: Lists, bounds: Bounds): Admission {
  const granted = new Map<string, Place>();

  /** Drops grants that the cache shows by now, or whose request is gone or finished. */
  function settleGrants(): void {
    for (const [uid, { kind }] of granted) {
      const seen = lists[kind]().find((c) => c.metadata.uid === uid);
      if (seen === undefined || isAdmitted(seen) || isFinished(seen)) granted.delete(uid);
    }
  }

  /** All requests that have not ended, the oldest first. */
  function unfinished(): Entry[] {
    const entries = (Object.keys(lists) as RequestKind[]).flatMap((kind) =>
      lists[kind]().map((candidate) => ({ candidate, place: placeOf(kind, candidate) })),
    );
    return entries
      .filter(({ candidate }) => !isFinished(candidate))
      .sort((a, b) => byAge(a.candidate, b.candidate));
  }

  function decide(kind: RequestKind, { uid, ...request }: AdmissionRequest): AdmissionResult {
    const place = { kind, ...request };
    const all = unfinished();
    const moving = all.filter(({ candidate }) => isAdmitted(candidate));
    const self = all.findIndex(({ candidate }) => candidate.metadata.uid === uid);
    const older = all.slice(0, Math.max(self, 0)).filter(({ candidate }) => waits(candidate, granted));
    const rival = [...moving, ...older].find((one) => shareRepository(one.place, place));
    if (rival !== undefined) return { admitted: false, ahead: 1, reason: inTheWay(rival.candidate) };
    const places = createPlaces(bounds);
    for (const one of [...moving.map((entry) => entry.place), ...granted.values()]) places.take(one);
    const now = places.obstacle(place);
    if (now?.at === 'repository') return { admitted: false, ahead: 1, reason: now.reason };
    // The older ones come first, as far as they can go; no place is kept empty for one that cannot.
    const able = firstPerRepository(older).filter((one) => places.obstacle(one.place)?.at !== 'repository');
    for (const one of able) if (places.obstacle(one.place) === undefined) places.take(one.place);
    const then = places.obstacle(place);
    if (then === undefined) {
      granted.set(uid, place);
      return { admitted: true };
    }
    const ahead = able.filter((one) => wantsSame(one.place, place, then.at)).length;
    return { admitted: false, ahead, reason: now?.reason ?? `older requests come first; ${then.rule}` };
  }

  return {
    decide(kind, request) {
      settleGrants();
      // Its record got lost; the place is still its own.
      return granted.has(request.uid) ? { admitted: true } : decide(kind, request);
    },
    isAwaited: (repository, uid) =>
      unfinished().some(
        ({ candidate, place }) => candidate.metadata.uid !== uid && place.repository === repository,
      ),
    release(uid) {
      granted.delete(uid);
    },
  };
}

interface Entry {
  candidate: Candidate;
  place: Place;
}

function placeOf(kind: RequestKind, { status }: Candidate): Place {
  const { dataMoverClass: className = '', repositoryPath: repository = '', node } = status ?? {};
  return { kind, className, repository, node };
}

/** The others of a repository wait for these, whatever else they wait for. */
function firstPerRepository(entries: readonly Entry[]): Entry[] {
  const seen = new Set<string>();
  return entries.filter(({ place: { repository } }) => {
    const isFirst = repository === '' || !seen.has(repository);
    seen.add(repository);
    return isFirst;
  });
}

/** Whether it waits for what another one waits for. */
function wantsSame(one: Place, another: Place, at: 'repository' | 'node' | 'class'): boolean {
  if (one.kind !== another.kind) return false;
  return at === 'class' ? one.className === another.className : one.node === another.node;
}

function inTheWay(rival: Candidate): string {
  const { namespace = '', name } = rival.metadata;
  return `${namespace}/${name} ${isAdmitted(rival) ? 'is using' : 'waits longer for'} the same repository`;
}

/** Whether it waits for a place as well, and still wants it. */
function waits(candidate: Candidate, granted: ReadonlyMap<string, Place>): boolean {
  const isWaiting = candidate.status?.phase === 'Queued' && !isAdmitted(candidate);
  return isWaiting && !isCanceled(candidate) && !granted.has(candidate.metadata.uid ?? '');
}

function isCanceled({ spec }: Candidate): boolean {
  return 'cancel' in spec && spec.cancel === true;
}

function byAge(a: Resource, b: Resource): number {
  const byTime = (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '');
  return byTime !== 0 ? byTime : (a.metadata.uid ?? '').localeCompare(b.metadata.uid ?? '');
}

function isAdmitted(c: Candidate): boolean {
  return c.status?.admittedAt !== undefined;
}

/** A final phase is written only after the clean-up, so a place is free exactly when its volumes are. */
function isFinished(c: Candidate): boolean {
  return FINISHED.has(c.status?.phase);
}
