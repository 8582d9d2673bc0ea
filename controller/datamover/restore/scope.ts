import type { PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import type {
  DataMoverRestore,
  DataMoverRestoreStatus,
} from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import type { DataMoverScope } from '../request-type.ts';

export type RestoreSource = NonNullable<DataMoverRestore['spec']['source']>;

/** The scope of one pass over a DataMoverRestore. Steps read the cluster through `env` and write facts to `status`. */
export interface RestoreScope extends DataMoverScope<DataMoverRestoreStatus> {
  restore: DataMoverRestore;
  source: RestoreSource;
  namespace: string;
}

/** Returns the destination claim from the cache. */
export function destinationClaim(scope: RestoreScope): PersistentVolumeClaim | undefined {
  return scope.env.listers.claims.get(destinationKey(scope));
}

/** Returns `namespace/name` of the destination claim. */
export function destinationKey({ namespace, restore }: RestoreScope): string {
  return `${namespace}/${restore.spec.destinationClaimRef.name}`;
}
