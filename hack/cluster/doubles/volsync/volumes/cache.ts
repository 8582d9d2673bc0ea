import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import { cacheName, directionOf } from '../mover/names.ts';
import type { Scope } from '../scope.ts';
import { ensureClaim } from './ensure-claim.ts';

/**
 * restic's cache, which outlives syncs. It takes the data volume's access modes and mode when the CR names none,
 * and the cluster's default class, not the data volume's.
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
