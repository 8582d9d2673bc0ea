import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from './kube-client.ts';
import { isNotFound } from './kube-error.ts';

/** Sends a merge patch; an object that does not exist is no error. */
export async function patchIfThere(
  client: KubeClient,
  kind: Kind<Resource>,
  { key, patch, signal }: { key: Key; patch: Record<string, unknown>; signal: AbortSignal },
): Promise<void> {
  try {
    await client.mergePatch(kind, key, patch, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
