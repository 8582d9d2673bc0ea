import type { Resource } from '../../api/meta.ts';
import type { RequestKind } from '../movers/mover.ts';

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
    failure?: unknown;
  };
}

export interface AdmissionRequest {
  uid: string;
  className: string;
  /** How many of this kind and class may run at once. */
  limit: number;
  /** Two requests for one repository never run at the same time, whatever their kind. */
  repository: string;
}

export type AdmissionResult = { admitted: true } | { admitted: false; ahead: number; reason: string };

/**
 * Decides who may stage and move data now. Nothing is counted up or down: the running ones are those that the cluster
 * lists as admitted and not finished, so a restart, a failure or a deletion can never lose or leak a place.
 */
export interface Admission {
  /** Each kind has limits of its own; a repository serves one request of any kind at a time. */
  decide(kind: RequestKind, request: AdmissionRequest): AdmissionResult;
  /** A request that has not ended gives its place back. */
  release(uid: string): void;
}

type Lists = Readonly<Record<RequestKind, () => readonly Candidate[]>>;

const FINISHED: ReadonlySet<string | undefined> = new Set(['Completed', 'Failed', 'Canceled']);

/**
 * `lists` come from caches, which lag behind our own writes; `granted` holds what this process has admitted until the
 * cache shows it, so that two passes in a row cannot give the same place twice.
 */
export function createAdmission(lists: Lists): Admission {
  const granted = new Map<string, AdmissionRequest & { kind: RequestKind }>();

  const all = (): Candidate[] => Object.values(lists).flatMap((list) => list());

  function running(kind: RequestKind): Candidate[] {
    return lists[kind]().filter((c) => isAdmitted(c) && !isFinished(c));
  }

  /** Drops grants that the cache shows by now, or whose request is gone or finished. */
  function settleGrants(): void {
    for (const [uid, grant] of granted) {
      const seen = lists[grant.kind]().find((c) => c.metadata.uid === uid);
      if (seen === undefined || isAdmitted(seen) || isFinished(seen)) granted.delete(uid);
    }
  }

  return {
    decide(kind, request) {
      settleGrants();
      // Its record got lost; the place is still its own.
      if (granted.has(request.uid)) return { admitted: true };
      const pending = [...granted.values()];
      const moving = all().filter((c) => isAdmitted(c) && !isFinished(c));
      const older = olderOnes(all(), request);
      const rival = [...moving, ...older].find((c) => c.status?.repositoryPath === request.repository);
      if (rival !== undefined || pending.some((g) => g.repository === request.repository)) {
        return { admitted: false, ahead: 1, reason: inTheWay(rival) };
      }
      const sameClass = running(kind).filter((c) => c.status?.dataMoverClass === request.className);
      const taken =
        sameClass.length + pending.filter((g) => g.kind === kind && g.className === request.className).length;
      const busy = new Set([
        ...moving.map((c) => c.status?.repositoryPath),
        ...pending.map((g) => g.repository),
      ]);
      // Who waits for a repository cannot use a place yet, so none is kept empty for it.
      const ahead = olderOnes(lists[kind](), request).filter(
        ({ status }) =>
          status?.dataMoverClass === request.className &&
          (status.repositoryPath === undefined || !busy.has(status.repositoryPath)),
      ).length;
      if (taken + ahead < request.limit) {
        granted.set(request.uid, { ...request, kind });
        return { admitted: true };
      }
      return {
        admitted: false,
        ahead,
        reason: `${String(taken)} of ${String(request.limit)} places of DataMoverClass ${request.className} are taken`,
      };
    },
    release(uid) {
      granted.delete(uid);
    },
  };
}

function inTheWay(rival: Candidate | undefined): string {
  if (rival === undefined) return 'another request is using the same repository';
  const { namespace = '', name } = rival.metadata;
  return `${namespace}/${name} ${isAdmitted(rival) ? 'is using' : 'waits longer for'} the same repository`;
}

/** Requests that wait as well and were there before this one. */
function olderOnes(all: readonly Candidate[], { uid }: AdmissionRequest): Candidate[] {
  const self = all.find((c) => c.metadata.uid === uid);
  if (self === undefined) return [];
  return all.filter(
    (c) => c.status?.phase === 'Queued' && !isCanceled(c) && !isAdmitted(c) && isOlder(c, self),
  );
}

function isCanceled({ spec }: Candidate): boolean {
  return 'cancel' in spec && spec.cancel === true;
}

function isOlder(a: Resource, b: Resource): boolean {
  const byTime = (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '');
  return byTime !== 0 ? byTime < 0 : (a.metadata.uid ?? '') < (b.metadata.uid ?? '');
}

function isAdmitted(c: Candidate): boolean {
  return c.status?.admittedAt !== undefined;
}

/** A final phase is written only after the clean-up, so a place is free exactly when its volumes are. */
function isFinished(c: Candidate): boolean {
  return FINISHED.has(c.status?.phase);
}
