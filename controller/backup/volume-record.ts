import type { PersistentVolume, PersistentVolumeClaim } from '../../api/external/core.ts';
import type { DataMoverBackupStatus } from '../../api/v1alpha1/data-mover-backup.ts';
import { largestQuantity } from '../exposure/quantity.ts';

type VolumeRecord = NonNullable<DataMoverBackupStatus['volume']>;

/** Enough of a volume to make one like it in another cluster. `restoreSize` is what its snapshot needs at least. */
export function describeVolume(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  restoreSize: string | undefined,
): VolumeRecord {
  const { storageClassName, accessModes = ['ReadWriteOnce'], volumeMode = 'Filesystem' } = claim.spec;
  const { persistentVolumeReclaimPolicy: reclaimPolicy } = volume.spec;
  const { labels: pvLabels } = volume.metadata;
  return {
    pvcName: claim.metadata.name,
    namespace: claim.metadata.namespace ?? '',
    ...(storageClassName !== undefined && { storageClassName }),
    accessModes,
    volumeMode,
    capacity: capacityOf(claim, restoreSize),
    ...(reclaimPolicy !== undefined && { reclaimPolicy }),
    ...(pvLabels !== undefined && { pvLabels }),
  };
}

/** Some drivers provide more than was asked for, and some need more to restore: the largest is safe. */
function capacityOf({ spec, status }: PersistentVolumeClaim, restoreSize: string | undefined): string {
  const requested = spec.resources?.requests?.['storage'];
  return largestQuantity(requested, status?.capacity?.['storage'], restoreSize) ?? '1Gi';
}
