import type { ObjectMeta } from '../../kubernetes/meta.ts';

/** `uid` and `resourceVersion` are absent where the caller has not read the object. */
type KnownMetadata = Pick<Partial<ObjectMeta>, 'uid' | 'resourceVersion'>;

/**
 * The merge patch that cancels a DataMoverBackup or DataMoverRestore. What is known of it is a precondition: the API server answers
 * Conflict if another object has the name by now, or, with a resourceVersion, if the object has changed since it was read.
 */
export function cancelPatch({ uid, resourceVersion }: KnownMetadata): Record<string, unknown> {
  return { metadata: { uid, resourceVersion }, spec: { cancel: true } };
}
