import type { Secret } from '../../../api/kubernetes/core.ts';
import type { ObjectMeta, Resource } from '../../../api/kubernetes/meta.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';
import type { MoverTarget, WorkRequest } from '../../mover.ts';
import type { Access } from '../access/credentials.ts';

/** What every request to a repository has in the protected namespace. */

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

/** Remembers through which storage location the repository is reached, which may be another one by the time it matters. */
export function withLocation(made: ObjectMeta, { location }: Access): ObjectMeta {
  if (location === undefined) return made;
  return { ...made, annotations: { ...made.annotations, [annotations.storageLocation]: location } };
}

/** The location that {@link withLocation} remembers. */
export function locationOf({ metadata: made }: Resource): string | undefined {
  return made.annotations?.[annotations.storageLocation];
}
