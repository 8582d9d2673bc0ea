import type { Kind, Resource } from '../../api/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isAlreadyExists } from '../../kube/client/kube-error.ts';

/** Creates an object of a deterministic name; that it stands already is a success, since only we choose that name. */
export async function createOnce<T extends Resource>(
  client: KubeClient,
  kind: Kind<T>,
  object: T,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.create(kind, object, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
