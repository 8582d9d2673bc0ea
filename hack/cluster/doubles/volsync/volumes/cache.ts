import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import { cacheName, directionOf } from '../names.ts';
import type { Scope } from '../scope.ts';
import { ensureClaim } from './ensure-claim.ts';

/**
 * Ensures restic's cache, which outlives syncs. If the CR sets none, it uses the access modes and volume mode of the data volume,
 * but the cluster's default class instead of the data volume's.
 */
export function ensureCache(
  scope: Scope,
  data: PersistentVolumeClaim,
  temporary: boolean,
): Promise<PersistentVolumeClaim> {
  const { restic, owner } = scope;
  const storageClassName = restic.cacheStorageClassName ?? restic.storageClassName;
  return ensureClaim(scope, {
    name: cacheName(directionOf(owner), owner.metadata.name),
    capacity: restic.cacheCapacity ?? '1Gi',
    accessModes: restic.cacheAccessModes ?? restic.accessModes ?? data.spec.accessModes ?? [],
    ...(storageClassName === undefined ? {} : { storageClassName }),
    ...(data.spec.volumeMode === undefined ? {} : { volumeMode: data.spec.volumeMode }),
    temporary,
  });
}
