import { type Kind, keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import type { CallOptions, KubeClient } from '../client/kube-client.ts';
import { isNotFound } from '../client/kube-error.ts';

export function hasFinalizer(object: Resource, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}

/**
 * Adds a finalizer, before the first side effect that it guards. Returns the resulting object; writes nothing if the finalizer
 * is present.
 *
 * The patch replaces the whole list, so it is conditional on the resourceVersion: if someone else changed the finalizers, it
 * fails with a conflict instead of undoing that change.
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
 * Removes a finalizer, after the last side effect that it guards. Writes nothing if the finalizer is absent; returns
 * `undefined` if the object was deleted.
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
