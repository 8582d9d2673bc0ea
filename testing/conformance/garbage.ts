import type { Resource } from '../../api/kubernetes/meta.ts';

/**
 * Tells what stands from what the garbage collector will remove: it has no owner, or one of its owners is among the
 * objects and stands.
 */
export function standing(objects: readonly Resource[]): (object: Resource) => boolean {
  const byUid = new Map(objects.map((object) => [object.metadata.uid, object]));
  const stands = ({ metadata: { ownerReferences: owners = [] } }: Resource): boolean =>
    owners.length === 0 ||
    owners.some(({ uid }) => {
      const owner = byUid.get(uid);
      return owner !== undefined && stands(owner);
    });
  return stands;
}
