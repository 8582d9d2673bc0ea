import { type Kind, keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import type { CallOptions, KubeClient } from '../client/kube-client.ts';
import { isNotFound } from '../client/kube-error.ts';

export function hasFinalizer(object: Resource, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}

/**
 * Adds a finalizer, before the first side effect that it guards. Returns the object as it then is; nothing is written
 * when it was there.
 *
 * The patch replaces the whole list, and therefore carries the resourceVersion: a finalizer that somebody else added or
 * took away meanwhile makes it a conflict instead of being undone.
 */
export async function addFinalizer<T extends Resource>(
  client: KubeClient,
  kind: Kind<T>,
  target: { object: T; finalizer: string },
  options: CallOptions = {},
): Promise<T> {
  const { object, finalizer } = target;
  if (hasFinalizer(object, finalizer)) return object;
  const finalizers = [...(object.metadata.finalizers ?? []), finalizer];
  return client.mergePatch(kind, keyOf(object), guarded(object, finalizers), options);
}

/**
 * Removes a finalizer, after the last thing it guards. Nothing is written when it was not there; an object that is
 * gone already is fine: `undefined`.
 */
export async function removeFinalizer<T extends Resource>(
  client: KubeClient,
  kind: Kind<T>,
  target: { object: T; finalizer: string },
  options: CallOptions = {},
): Promise<T | undefined> {
  const { object, finalizer } = target;
  if (!hasFinalizer(object, finalizer)) return object;
  const finalizers = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  try {
    return await client.mergePatch(kind, keyOf(object), guarded(object, finalizers), options);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function guarded(object: Resource, finalizers: string[]): Record<string, unknown> {
  const { resourceVersion, uid } = object.metadata;
  if (resourceVersion === undefined)
    throw new Error(
      `${object.kind} ${object.metadata.name} has no resourceVersion: read it before changing finalizers`,
    );
  return { metadata: { uid, resourceVersion, finalizers } };
}
