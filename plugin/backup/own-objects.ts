import {
  persistentVolumeClaims,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import type { VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Key, Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { MANAGED_BY } from '../../api/common/keys.ts';
import { childNameIn } from '../../api/datamover/v1alpha1/names.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

/** Objects that VolSync creates for each transfer without configurable labels. Its pods and its cache claims have such labels. */
export const ENGINE_RESOURCES = [
  'jobs.batch',
  'serviceaccounts',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
] as const;

/**
 * Returns true for objects that the data mover needs while it works: staging claims, caches, snapshots, and their volumes and
 * contents. They carry Velero's exclude label; this function finds those that a driver or an engine has just created, which get
 * it later or never. Names and labels count only in the protected namespace, because tenants control those in others. An object
 * that one of our transfers owns counts in every namespace: other installations may exist, and Kubernetes deletes it with its
 * owner.
 */
export async function isOwnObject(
  kube: () => Promise<KubeClient>,
  object: Resource,
  protectedNamespace: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (isOwnedByTransfer(object)) return true;
  const holder = holderOf(object);
  if (holder?.namespace !== protectedNamespace) return false;
  if (childNameIn(holder.name) !== undefined) return true;
  if (object.kind === 'PersistentVolumeClaim') return isCache(object);
  if (object.kind !== 'PersistentVolume') return false;
  const claim = await (await kube()).get(persistentVolumeClaims, holder, { signal });
  return claim !== undefined && isCache(claim);
}

function isOwnedByTransfer({ metadata: { ownerReferences = [] } }: Resource): boolean {
  return ownerReferences.some(
    ({ apiVersion, name }) =>
      apiVersion.startsWith(`${replicationSources.group}/`) && childNameIn(name) === name,
  );
}

/** Returns the key of the namespaced object itself, or of the one that a volume or content belongs to. */
function holderOf(object: Resource): Key | undefined {
  switch (object.kind) {
    case 'PersistentVolume':
      return keyIn((object as PersistentVolume).spec.claimRef);
    case 'VolumeSnapshotContent':
      return keyIn((object as VolumeSnapshotContent).spec.volumeSnapshotRef);
    default:
      return keyIn(object.metadata);
  }
}

function keyIn(ref: { namespace?: string; name?: string } | undefined): Key | undefined {
  const { namespace, name } = ref ?? {};
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

function isCache({ metadata }: Resource): boolean {
  return metadata.labels?.[labels.cache] !== undefined && metadata.labels[labels.managedBy] === MANAGED_BY;
}

/** Returns true for a claim with the label of a request's staging claim, in any namespace. */
export function isMarkedAsOwn({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.labels?.[labels.requestUid] !== undefined;
}
