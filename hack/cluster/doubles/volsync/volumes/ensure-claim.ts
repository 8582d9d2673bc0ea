import { persistentVolumeClaims } from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import { parseQuantity } from '../../../../../api/kubernetes/quantity.ts';
import { ownerReferenceOf } from '../api.ts';
import { CLEANUP, createdBy } from '../keys.ts';
import type { Scope } from '../scope.ts';

export interface DesiredClaim {
  name: string;
  capacity: string | number;
  accessModes: string[];
  storageClassName?: string;
  volumeMode?: 'Filesystem' | 'Block';
  dataSource?: NonNullable<PersistentVolumeClaim['spec']['dataSource']>;
  /** Deleted at the end of the sync. */
  temporary: boolean;
}

/**
 * Creates a claim of the CR, or updates size and labels of the existing one. As with VolSync, if the class does not allow the new
 * size, the API server rejects it on every pass, which results in an Error condition.
 */
export async function ensureClaim(scope: Scope, desired: DesiredClaim): Promise<PersistentVolumeClaim> {
  const { client, owner, namespace, signal } = scope;
  const { name } = desired;
  const labels = { ...createdBy, ...(desired.temporary ? { [CLEANUP]: owner.metadata.uid ?? '' } : {}) };
  const existing = await client.get(persistentVolumeClaims, { namespace, name }, { signal });
  if (existing !== undefined) return updateClaim(scope, existing, { labels, capacity: desired.capacity });
  const { storageClassName, volumeMode, dataSource } = desired;
  const claim = await client.create(
    persistentVolumeClaims,
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace, labels, ownerReferences: [ownerReferenceOf(owner)] },
      spec: {
        accessModes: desired.accessModes,
        resources: { requests: { storage: String(desired.capacity) } },
        ...(storageClassName === undefined ? {} : { storageClassName }),
        ...(volumeMode === undefined ? {} : { volumeMode }),
        ...(dataSource === undefined ? {} : { dataSource }),
      },
    },
    { signal },
  );
  scope.recordEvent(owner, {
    type: 'Normal',
    reason: 'PersistentVolumeClaimCreated',
    action: 'CreatePersistentVolumeClaim',
    note: `created PersistentVolumeClaim ${namespace}/${name}`,
  });
  return claim;
}

async function updateClaim(
  { client, signal }: Scope,
  existing: PersistentVolumeClaim,
  { labels, capacity }: { labels: Record<string, string>; capacity: string | number },
): Promise<PersistentVolumeClaim> {
  const current = existing.spec.resources?.requests?.['storage'];
  const resized = current === undefined || parseQuantity(current) !== parseQuantity(String(capacity));
  const relabelled = Object.entries(labels).some(([key, value]) => existing.metadata.labels?.[key] !== value);
  if (!resized && !relabelled) return existing;
  const { namespace = '', name } = existing.metadata;
  const patch = {
    metadata: { labels },
    ...(resized ? { spec: { resources: { requests: { storage: String(capacity) } } } } : {}),
  };
  return client.mergePatch(persistentVolumeClaims, { namespace, name }, patch, { signal });
}
