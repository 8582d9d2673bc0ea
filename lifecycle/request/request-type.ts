import type { FailureReason } from '../../api/datamover/v1alpha1/reasons.ts';
import type { Condition, Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { Lister } from '../../kube/cache/lister.ts';
import type { ReconcileContext } from '../../kube/runtime/controller.ts';
import type { Step } from './step.ts';
import type { TimeLimits } from './time-limits.ts';

export interface Failure {
  reason: string;
  message: string;
}

/** The part of a request's status that every kind of request has. */
export interface RequestStatus {
  phase?: string | undefined;
  message?: string | undefined;
  observedGeneration?: number | undefined;
  servedBy?: string | undefined;
  startTimestamp?: string | undefined;
  completionTimestamp?: string | undefined;
  dataMoverClass?: string | undefined;
  mover?: string | undefined;
  failure?: Failure | undefined;
  /** Of a request that is tried again: why it has not succeeded yet. */
  lastFailure?: Failure | undefined;
  /** Of a request that waits for a place. */
  queue?: { ahead: number; reason: string } | undefined;
  /** Of a request that waits for its next try. */
  retryAt?: string | undefined;
  conditions?: Condition[] | undefined;
}

export type RequestResource<Status extends RequestStatus = RequestStatus> = Resource & { status?: Status };

/** What a product resolves for a request before it runs its steps. The lifecycle reads the deadlines only. */
export interface ResolvedContext {
  deadlines: { stagingSeconds: number; cleanUpSeconds: number };
}

/** Why a request cannot be served, at least not now. */
export interface ResolutionProblem {
  reason: FailureReason;
  message: string;
}

/** What the steps of a request share in one pass. */
export interface RequestScope<Status extends RequestStatus = RequestStatus> {
  /** The draft; written once at the end of the pass. */
  status: Status;
  serving: ResolvedContext;
  now: Date;
  /** How long what this request waits for may last. */
  limits: TimeLimits;
  signal: AbortSignal;
}

/** What a product needs to open the scope of a pass. */
export interface PassInput<T, Status, Context> {
  request: T;
  status: Status;
  serving: Context;
  now: Date;
  limits: TimeLimits;
  /** Rejects if the API server has a newer version of the request than this pass read. */
  assertCurrent: () => Promise<void>;
  context: ReconcileContext;
}

/** A condition type, whether it is true, and the reason if it is not and the reason is its own. */
export type Fact = readonly [type: string, holds: boolean, because?: { reason: string; message: string }];

/**
 * Finds children that were created after their request had ended: the last write of a former leader may take effect after its
 * successor has cleaned up.
 */
export interface OrphanScan {
  /** Milliseconds since 1970 from which on a cached child cannot be a stale read; undefined if there is none. */
  dueAt(request: RequestResource): number | undefined;
  /** Returns true if the API server has such a child. */
  exist(request: RequestResource, signal: AbortSignal): Promise<boolean>;
}

/**
 * One kind of requests. The reconcile loop is the same for all kinds; everything that differs is here. Members are methods, so that a
 * type with a status and a scope of its own fits where the loop takes any type.
 */
export interface RequestType<
  T extends Resource & { status?: Status },
  Status extends RequestStatus,
  Scope extends RequestScope<Status>,
> {
  kind: Kind<T>;
  lister: Lister<T>;
  /** Run in order until {@link succeeded} is true or one fails. */
  steps: readonly Step<Scope>[];
  /** Run after success and failure alike. */
  cleanup: readonly Step<Scope>[];
  orphans: OrphanScan;
  /** Returns true if another controller serves the request, so that this one must not touch it. */
  isForeign(request: T): boolean;
  /** Returns true if a controller of another installation could serve the request too, so that it must be claimed first. */
  mustBeClaimed(request: T): boolean;
  /** Returns what the steps run with, or the problem; undefined if another controller serves the request. */
  resolve(request: T): Scope['serving'] | ResolutionProblem | undefined;
  /** Returns what the cleanup steps run with if {@link resolve} finds a problem. */
  cleanupContext(request: T): Scope['serving'];
  /** Returns what must be filled in before the request can be served at all, and for how long that is waited for. */
  missing?(request: T): (ResolutionProblem & { since: string | undefined; seconds: number }) | undefined;
  /** Returns the reason if the request must end as Canceled, whatever else is wrong with it: its owner canceled or deleted it. */
  unwanted(request: T, status: Status): string | undefined;
  /** Returns when the request is due (milliseconds since 1970) if not at once; until then nothing is created for it. */
  notBefore?(request: T): number | undefined;
  open(input: PassInput<T, Status, Scope['serving']>): Scope;
  /**
   * Records a failure that need not be the end and returns the time until the next try (milliseconds); returns undefined
   * if the failure is final. Absent: every failure is.
   */
  tryAgain?(request: T, status: Status, failure: Failure, now: Date): number | undefined;
  /** Returns true once the facts that make the request a success are recorded. */
  succeeded(status: Status): boolean;
  /** Returns the phase of a request that has not ended. */
  phase(status: Status): string;
  /** Returns the condition types of the steps with whether they are true, in their order. */
  facts(status: Status): readonly Fact[];
  /** Returns one line about a success. */
  successMessage(status: Status): string;
  /** Called after a status was written. */
  report(request: T, before: Status, after: Status): void;
}

/** Any kind of requests, as the reconcile loop takes it. */
export type AnyRequestType = RequestType<RequestResource, RequestStatus, RequestScope>;

/** Returns true for the phases after which nothing happens any more. */
export function isFinal(phase: string | undefined): boolean {
  return phase === 'Completed' || phase === 'Failed' || phase === 'Canceled';
}
