import type {
  DataMoverDelete,
  DataMoverDeleteStatus,
} from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { Environment } from '../environment.ts';
import type { ChildIdentity } from '../../../lifecycle/request/child-identity.ts';
import type { Serving } from '../resolution/resolve-class.ts';
import type { TimeLimits } from '../../../lifecycle/request/time-limits.ts';

/** The scope of one pass over a DataMoverDelete. */
export interface DeleteScope {
  env: Environment;
  request: DataMoverDelete;
  /** The draft; stored once at the end of the pass. */
  status: DataMoverDeleteStatus;
  child: ChildIdentity;
  serving: Serving;
  now: Date;
  limits: TimeLimits;
  signal: AbortSignal;
  /** Rejects if the API server has a newer version of the request than this pass has read. */
  assertCurrent: () => Promise<void>;
}
