import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { cancelPatch } from '../../api/datamover/v1alpha1/cancel-patch.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { retryTransient } from '../retry.ts';

/** Identifies a request; the uid is optional because the id of an operation contains none. */
interface Target {
  namespace?: string;
  name: string;
  uid?: string;
}

/**
 * Cancels the request with that name, whatever its state; if a uid is given, only that one. Retries transient errors: Velero
 * calls once, and the mover would continue to run.
 *
 * @throws NotFound if no request has the name, Conflict if it has another uid.
 */
export function cancelRequest<T extends Resource>(
  cluster: ClusterReader,
  kind: Kind<T>,
  { namespace = '', name, uid }: Target,
  signal?: AbortSignal,
): Promise<T> {
  const options = signal === undefined ? {} : { signal };
  const patch = cancelPatch(uid === undefined ? {} : { uid });
  return retryTransient({ clock: cluster.clock, ...options }, async () =>
    (await cluster.kube()).mergePatch(kind, { namespace, name }, patch, options),
  );
}
