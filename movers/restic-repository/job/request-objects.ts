import type { Secret } from '../../../api/kubernetes/core.ts';
import type { ObjectMeta, Resource } from '../../../api/kubernetes/meta.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';
import type { MoverTarget, WorkRequest } from '../../mover.ts';
import type { Access } from '../access/credentials.ts';

/** Fields common to the objects that every repository request has in the protected namespace. */

type Made = MoverTarget & Pick<WorkRequest<unknown>, 'owner'>;

export function metadataOf({ name, labels, annotations: own, owner }: Made, namespace: string): ObjectMeta {
  const made = { name, namespace, labels, annotations: own };
  return owner === undefined ? made : { ...made, ownerReferences: [owner] };
}

/** The secret of one request. */
export function desiredSecret(request: Made, namespace: string, data: Record<string, string>): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadataOf(request, namespace),
    type: 'Opaque',
    immutable: true,
    data,
  };
}

/**
 * Records the storage location that the repository is accessed through. The class may name another one by the time it is needed.
 */
export function withLocation(made: ObjectMeta, { location }: Access): ObjectMeta {
  if (location === undefined) return made;
  return { ...made, annotations: { ...made.annotations, [annotations.storageLocation]: location } };
}

/** Returns the location that {@link withLocation} has recorded. */
export function locationOf({ metadata: made }: Resource): string | undefined {
  return made.annotations?.[annotations.storageLocation];
}
