import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { cancelPatch } from '../../api/datamover/v1alpha1/cancel-patch.ts';
import type { Cluster } from '../cluster.ts';
import { retryTransient } from '../retry.ts';

/** A request as far as the plugin knows it: the id of an operation has no uid. */
interface Target {
  namespace?: string;
  name: string;
  uid?: string;
}

/**
 * Cancels the request of that name, and with a uid only that one, in whatever state it is. Retries errors that pass: Velero calls
 * once, and the mover would run on.
 *
 * @throws NotFound if there is none of that name, Conflict if it has another uid.
 */
export function cancelRequest<T extends Resource>(
  cluster: Cluster,
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
