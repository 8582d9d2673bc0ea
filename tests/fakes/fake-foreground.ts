import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { Storage } from './fake-storage.ts';

/** Keeps what is deleted in the foreground until everything that blocks its end has gone. */
export const FOREGROUND = 'foregroundDeletion';

export interface Entry {
  kind: Kind<Resource>;
  object: Resource;
}

/** What keeps an owner that is deleted in the foreground. */
export function blockersOf(storage: Storage, { metadata: { uid } }: Resource): Entry[] {
  return storage
    .everything()
    .filter(({ object }) =>
      object.metadata.ownerReferences?.some(
        (owner) => owner.uid === uid && owner.blockOwnerDeletion === true,
      ),
    );
}

/** Nothing is said of an object that nothing blocks: the collector would let it go at once. */
export function holdForBlockers(storage: Storage, object: Resource): Resource {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(FOREGROUND) || blockersOf(storage, object).length === 0) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, FOREGROUND] } };
}
