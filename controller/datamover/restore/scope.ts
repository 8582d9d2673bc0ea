import type { PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import type {
  DataMoverRestore,
  DataMoverRestoreStatus,
} from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import type { Logger } from '../../../telemetry/log.ts';
import type { Environment } from '../environment.ts';
import type { ChildIdentity } from '../../../lifecycle/request/child-identity.ts';
import type { Serving } from '../resolution/resolve-class.ts';
import type { TimeLimits } from '../../../lifecycle/request/time-limits.ts';

export type RestoreSource = NonNullable<DataMoverRestore['spec']['source']>;

/** The scope of one pass over a DataMoverRestore. Steps read the cluster through `env` and write facts to `status`. */
export interface RestoreScope {
  env: Environment;
  restore: DataMoverRestore;
  source: RestoreSource;
  namespace: string;
  /** The draft; stored once at the end of the pass. */
  status: DataMoverRestoreStatus;
  child: ChildIdentity;
  serving: Serving;
  now: Date;
  limits: TimeLimits;
  signal: AbortSignal;
  /** Rejects if the API server has a newer version of the restore than this pass has read. */
  assertCurrent: () => Promise<void>;
  log: Logger;
}

/** Returns the destination claim from the cache. */
export function destinationClaim(scope: RestoreScope): PersistentVolumeClaim | undefined {
  return scope.env.listers.claims.get(destinationKey(scope));
}

/** Returns `namespace/name` of the destination claim. */
export function destinationKey({ namespace, restore }: RestoreScope): string {
  return `${namespace}/${restore.spec.destinationClaimRef.name}`;
}
