import type { Resource } from '../../api/kubernetes/meta.ts';

/**
 * Returns a predicate that is true for objects that the garbage collector keeps: those that have no owner, or an owner among
 * `objects` that is kept itself.
 */
export function keptObjects(objects: readonly Resource[]): (object: Resource) => boolean {
  const byUid = new Map(objects.map((object) => [object.metadata.uid, object]));
  const isKept = ({ metadata: { ownerReferences: owners = [] } }: Resource): boolean =>
    owners.length === 0 ||
    owners.some(({ uid }) => {
      const owner = byUid.get(uid);
      return owner !== undefined && isKept(owner);
    });
  return isKept;
}
