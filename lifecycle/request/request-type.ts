import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { Lister } from '../../kube/cache/lister.ts';
import type { ReconcileContext } from '../../kube/runtime/controller.ts';
import type { Failure, RequestStatus } from '../request-status.ts';
import type { Step } from './step.ts';
import type { TimeLimits } from './time-limits.ts';

export type RequestResource<Status extends RequestStatus = RequestStatus> = Resource & { status?: Status };

/** What a product resolves for a request before its steps run. The lifecycle reads only the deadlines. */
export interface ResolvedContext {
  deadlines: { stagingSeconds: number; cleanUpSeconds: number };
}

/** Why a request cannot be served now. */
export interface ResolutionProblem {
  reason: string;
  message: string;
}

/** What the steps of a request share in one pass. */
export interface RequestScope<Status extends RequestStatus = RequestStatus> {
  /** The draft of the status; stored once, at the end of the pass. */
  status: Status;
  resolved: ResolvedContext;
  now: Date;
  /** Measures how long this request has waited. */
  limits: TimeLimits;
  signal: AbortSignal;
}

/** What a product needs to open the scope of a pass. */
export interface PassInput<T, Status, Context> {
  request: T;
  status: Status;
  resolved: Context;
  now: Date;
  limits: TimeLimits;
  /** Rejects if the API server has a newer version of the request than this pass read. */
  assertCurrent: () => Promise<void>;
  context: ReconcileContext;
}

/** A condition type, whether the condition is true, and a reason of its own if it is false. */
export type Fact = readonly [type: string, holds: boolean, because?: { reason: string; message: string }];

/** Finds orphans: the last write of a former leader may take effect after the cleanup of its successor. */
export interface OrphanScan {
  /**
   * Returns the time (milliseconds since 1970) from which on a cached child cannot be a stale read; undefined if no child is
   * cached.
   */
  dueAt(request: RequestResource): number | undefined;
  /** Returns true if the API server has an orphan of the request. */
  exist(request: RequestResource, signal: AbortSignal): Promise<boolean>;
}

/**
 * One kind of requests: everything that differs between kinds. The reconcile loop is the same for all. Members are methods, so
 * a type with a more specific status and scope is assignable to `AnyRequestType`.
 */
export interface RequestType<
  T extends Resource & { status?: Status },
  Status extends RequestStatus,
  Scope extends RequestScope<Status>,
> {
  kind: Kind<T>;
  lister: Lister<T>;
  /** Runs in order until {@link succeeded} returns true or a step fails. */
  steps: readonly Step<Scope>[];
  /** Runs after success and after failure. */
  cleanup: readonly Step<Scope>[];
  orphans: OrphanScan;
  /** Returns true if another controller serves the request; this controller must not change it. */
  isForeign(request: T): boolean;
  /** Returns true if a controller of another installation could serve the request too, so that it must be claimed first. */
  mustBeClaimed(request: T): boolean;
  /** Returns the context of the steps, or the problem; undefined if another controller serves the request. */
  resolve(request: T): Scope['resolved'] | ResolutionProblem | undefined;
  /** Returns the context of the cleanup steps if {@link resolve} returns a problem. */
  cleanupContext(request: T): Scope['resolved'];
  /** Returns for how many seconds a new request waits for a problem to disappear by itself. Absent: not at all. */
  graceSeconds?(problem: ResolutionProblem): number;
  /** Returns which field must still be filled in before the request can be served, and for how many seconds to wait for it. */
  missing?(request: T): (ResolutionProblem & { since: string | undefined; seconds: number }) | undefined;
  /** Returns the reason if the owner canceled or deleted the request. It then ends as Canceled, even if it has other problems. */
  unwanted(request: T, status: Status): string | undefined;
  /**
   * Returns when the request is due (milliseconds since 1970), or undefined if it is due at once. Nothing is created before
   * that time.
   */
  notBefore?(request: T): number | undefined;
  open(input: PassInput<T, Status, Scope['resolved']>): Scope;
  /**
   * Records a failure that can be retried and returns the time until the retry (milliseconds); returns undefined if the failure
   * is final. Absent: every failure is final.
   */
  tryAgain?(request: T, status: Status, failure: Failure, now: Date): number | undefined;
  /** Returns true if all facts of a success are recorded. */
  succeeded(status: Status): boolean;
  /** Returns the phase of a request that has not ended. */
  phase(status: Status): string;
  /** Returns the conditions of the steps, in their order. */
  facts(status: Status): readonly Fact[];
  /** Returns a one-line message for a success. */
  successMessage(status: Status): string;
  /** Called after a status update was stored. */
  report(request: T, before: Status, after: Status): void;
}

/** A request type of any kind, as the reconcile loop takes it. */
export type AnyRequestType = RequestType<RequestResource, RequestStatus, RequestScope>;
