import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { Storage } from './fake-storage.ts';

/** Keeps an object that is deleted in the foreground until all of its blocking dependents are deleted. */
export const FOREGROUND = 'foregroundDeletion';

export interface Entry {
  kind: Kind<Resource>;
  object: Resource;
}

/** Returns the dependents that block the foreground deletion of an owner. */
export function blockersOf(storage: Storage, { metadata: { uid } }: Resource): Entry[] {
  return storage
    .everything()
    .filter(({ object }) =>
      object.metadata.ownerReferences?.some(
        (owner) => owner.uid === uid && owner.blockOwnerDeletion === true,
      ),
    );
}

/** Adds the finalizer unless nothing blocks: the collector would remove it at once. */
export function holdForBlockers(storage: Storage, object: Resource): Resource {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(FOREGROUND) || blockersOf(storage, object).length === 0) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, FOREGROUND] } };
}
