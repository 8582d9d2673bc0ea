import {
  persistentVolumeClaims,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import type { VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Key, Resource } from '../../api/kubernetes/meta.ts';
import { labels, MANAGED_BY } from '../../api/datamover/v1alpha1/keys.ts';
import { childNameIn } from '../../api/datamover/v1alpha1/names.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

/** What VolSync makes for each transfer and gives no label that one could choose. Its pods and its cache claims get one. */
export const ENGINE_RESOURCES = [
  'jobs.batch',
  'serviceaccounts',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
] as const;

/**
 * True for what the data mover needs while it works: staging claims, caches, snapshots, and the volumes and contents behind
 * them. They carry Velero's exclude label; this finds those that a driver or an engine has made a moment ago, which
 * get it later or never. By name and label only objects of the protected namespace count: elsewhere those are the tenant's. What a
 * transfer of ours owns counts in every namespace: there may be other installations, and Kubernetes removes it with its owner.
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

/** The namespaced object that an object is, or stands behind. */
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

/** True for a claim that carries the label of a request's staging claim, wherever it is. */
export function isMarkedAsOwn({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.labels?.[labels.requestUid] !== undefined;
}
