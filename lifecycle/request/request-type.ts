import type { Condition, Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { ReconcileContext } from '../../kube/runtime/controller.ts';
import type { Environment, Lister } from '../../controller/datamover/environment.ts';
import type { Serving, ServingProblem } from '../../controller/datamover/resolution/resolve-class.ts';
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

export type RequestResource<Status extends RequestStatus> = Resource & { status?: Status };

/** What a pass over any request knows. */
export interface RequestScope<Status extends RequestStatus> {
  env: Environment;
  /** The draft; written once at the end of the pass. */
  status: Status;
  serving: Serving;
  now: Date;
  /** How long what this request waits for may last. */
  limits: TimeLimits;
  signal: AbortSignal;
}

/** What opening a scope needs beside the request. */
export interface PassInput<T, Status> {
  request: T;
  status: Status;
  serving: Serving;
  now: Date;
  limits: TimeLimits;
  assertCurrent: () => Promise<void>;
  context: ReconcileContext;
}

/** A condition type, whether it holds, and why not where that is its own affair. */
export type Fact = readonly [type: string, holds: boolean, because?: { reason: string; message: string }];

/** What sets one kind of request apart; the reconciler is the same for all. */
export interface RequestType<
  T extends RequestResource<Status>,
  Status extends RequestStatus,
  Scope extends RequestScope<Status>,
> {
  kind: Kind<T>;
  lister: Lister<T>;
  /** The way there; ends when {@link succeeded} holds or a step fails. */
  steps: readonly Step<Scope>[];
  /** The way back, after success and failure alike. */
  cleanup: readonly Step<Scope>[];
  /** What must still be filled in before the request can be served at all, and for how long it is waited for. */
  missing?(request: T): (ServingProblem & { since: string | undefined; seconds: number }) | undefined;
  /** Whether controllers of several installations see it, so that one must claim it before anything is made for it. */
  isShared: boolean;
  /** Why it must end as Canceled, whatever else is wrong with it: its owner has canceled or deleted it. */
  unwanted(request: T, status: Status): string | undefined;
  /** When it is due (milliseconds since 1970), if not at once; until then nothing is made for it and nothing holds it. */
  notBefore?(request: T): number | undefined;
  /** `undefined`: this request is somebody else's; it is not touched. */
  choose(request: T): Serving | ServingProblem | undefined;
  open(input: PassInput<T, Status>): Scope;
  /**
   * Notes a failure that need not be the end, and answers how long to wait until another try (milliseconds); `undefined`
   * when it is the end. Absent: every failure is.
   */
  tryAgain?(request: T, status: Status, failure: Failure, now: Date): number | undefined;
  /** True once the facts that make it a success are recorded. */
  succeeded(status: Status): boolean;
  /** The phase of a request that has not ended. */
  phase(status: Status): string;
  /** Condition types of the steps with whether they hold, in their order. */
  facts(status: Status): readonly Fact[];
  /** One line about a success. */
  successMessage(status: Status): string;
  report(request: T, before: Status, after: Status): void;
}

/** Phases after which nothing happens any more. */
export function isFinal(phase: string | undefined): boolean {
  return phase === 'Completed' || phase === 'Failed' || phase === 'Canceled';
}
