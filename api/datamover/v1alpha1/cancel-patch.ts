import type { ObjectMeta } from '../../kubernetes/meta.ts';

/** `uid` and `resourceVersion` are absent if the caller has not read the object. */
type KnownMetadata = Pick<Partial<ObjectMeta>, 'uid' | 'resourceVersion'>;

/**
 * Returns the merge patch that cancels a DataMoverBackup or DataMoverRestore. The given metadata is a precondition: the API
 * server returns a conflict if the name belongs to another object, or, with a resourceVersion, if the object has changed.
 */
export function cancelPatch({ uid, resourceVersion }: KnownMetadata): Record<string, unknown> {
  return { metadata: { uid, resourceVersion }, spec: { cancel: true } };
}
