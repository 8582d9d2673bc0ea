import type { RequestResource, RequestScope, RequestType } from '../../lifecycle/request/request-type.ts';
import type { RequestStatus } from '../../lifecycle/request-status.ts';
import { childrenOf, type RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import { childIdentity, type ChildIdentity } from '../../lifecycle/request/child-identity.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Environment } from './environment.ts';
import { installationOf, isElsewhere } from './installation.ts';
import { createOrphanScan } from './orphaned-children.ts';
import {
  isForeign,
  pinMover,
  resolvedForCleanup,
  type ResolvedClass,
  type ResolutionProblem,
} from './resolution/resolve-class.ts';

/** What the status of every request of this product has. */
export interface DataMoverStatus extends RequestStatus {
  dataMoverClass?: string | undefined;
  mover?: string | undefined;
}

/** How long a new request waits for its class: a user may apply both together, in either order. */
const CLASS_GRACE_SECONDS = 10;

/** The scope that the steps of every kind of request share in one pass. */
export interface DataMoverScope<Status extends DataMoverStatus> extends RequestScope<Status> {
  env: Environment;
  child: ChildIdentity<RequestKind>;
  resolved: ResolvedClass;
  /** Rejects if the API server has a newer version of the request than this pass has read. */
  assertCurrent: () => Promise<void>;
  log: Logger;
}

/** The members that are the same for all kinds of requests. */
type Common =
  'orphans' | 'graceSeconds' | 'isForeign' | 'mustBeClaimed' | 'resolve' | 'cleanupContext' | 'open';

type Own<
  T extends RequestResource<Status>,
  Status extends DataMoverStatus,
  Scope extends DataMoverScope<Status>,
> = Omit<RequestType<T, Status, Scope>, Common> & {
  /** The kind in names and labels of children. */
  name: RequestKind;
  /** True if controllers of several installations see requests of this kind. */
  isShared: boolean;
  /** Returns the class and the mover of a request, or the problem; undefined if another controller serves it. */
  choose(request: T): ResolvedClass | ResolutionProblem | undefined;
  /** Adds to the scope what only this kind has. */
  open(scope: DataMoverScope<Status>, request: T): Scope;
};

/** Completes a request type with the members that are the same for all kinds. */
export function requestType<
  T extends RequestResource<Status>,
  Status extends DataMoverStatus,
  Scope extends DataMoverScope<Status>,
>(env: Environment, own: Own<T, Status, Scope>): RequestType<T, Status, Scope> {
  return {
    ...own,
    orphans: createOrphanScan(env, own.name),
    isForeign: (request) => isForeign(env.movers, request) || isElsewhere(request, env.namespace),
    graceSeconds: ({ reason }) =>
      reason === 'ClassNotFound' || reason === 'NoClass' ? CLASS_GRACE_SECONDS : 0,
    mustBeClaimed: (request) => own.isShared && installationOf(request) === undefined,
    resolve: (request) => pinMover(env.movers, request.status?.mover, own.choose(request)),
    cleanupContext: ({ status }) => resolvedForCleanup(env.movers, status),
    open({ request, context: { signal, log }, ...pass }) {
      recordResolution(pass.status, pass.resolved);
      const child = childIdentity(childrenOf(own.name), request, env.self);
      return own.open({ ...pass, env, child, signal, log }, request);
    },
  };
}

/** Records the class and the mover in the first pass; they do not change afterwards. */
function recordResolution(status: DataMoverStatus, resolved: ResolvedClass): void {
  if (resolved.class.metadata.name === '') return;
  status.dataMoverClass ??= resolved.class.metadata.name;
  status.mover ??= resolved.mover.name;
}
