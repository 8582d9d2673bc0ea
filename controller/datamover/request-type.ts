import type {
  RequestResource,
  RequestScope,
  RequestStatus,
  RequestType,
} from '../../lifecycle/request/request-type.ts';
import type { Environment } from './environment.ts';
import { installationOf, isElsewhere } from './installation.ts';
import { createOrphanScan } from './orphaned-children.ts';
import {
  isForeign,
  keepMover,
  servingForCleanup,
  type Serving,
  type ServingProblem,
} from './resolution/resolve-class.ts';

/** What the steps of every kind of the data mover's requests share in one pass. */
export interface DataMoverScope<Status extends RequestStatus> extends RequestScope<Status> {
  env: Environment;
  serving: Serving;
}

/** What all kinds of the data mover's requests have in common. */
type Common = 'orphans' | 'isForeign' | 'mustBeClaimed' | 'resolve' | 'cleanupContext';

type Own<
  T extends RequestResource<Status>,
  Status extends RequestStatus,
  Scope extends DataMoverScope<Status>,
> = Omit<RequestType<T, Status, Scope>, Common> & {
  /** True if controllers of several installations see requests of this kind. */
  isShared: boolean;
  /** Returns the class and the mover of a request, or the problem; undefined if another controller serves it. */
  choose(request: T): Serving | ServingProblem | undefined;
};

/** Completes a kind of requests: class and mover are resolved in the same way for all. */
export function requestType<
  T extends RequestResource<Status>,
  Status extends RequestStatus,
  Scope extends DataMoverScope<Status>,
>(env: Environment, own: Own<T, Status, Scope>): RequestType<T, Status, Scope> {
  return {
    ...own,
    orphans: createOrphanScan(env),
    isForeign: (request) => isForeign(env.movers, request) || isElsewhere(request, env.namespace),
    mustBeClaimed: (request) => own.isShared && installationOf(request) === undefined,
    resolve: (request) => keepMover(env.movers, request.status?.mover, own.choose(request)),
    cleanupContext: ({ status }) => servingForCleanup(env.movers, status),
    open(input) {
      recordServing(input.status, input.serving);
      return own.open(input);
    },
  };
}

/** A request keeps its class and its mover from the first pass on. */
function recordServing(status: RequestStatus, serving: Serving): void {
  if (serving.class.metadata.name === '') return;
  status.dataMoverClass ??= serving.class.metadata.name;
  status.mover ??= serving.mover.name;
}
