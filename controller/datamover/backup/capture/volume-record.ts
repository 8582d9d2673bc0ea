import type { PersistentVolume, PersistentVolumeClaim } from '../../../../api/kubernetes/core.ts';
import type { DataMoverBackupStatus } from '../../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { ownersKeys } from '../../../../api/common/owned-keys.ts';
import { largestQuantity } from '../../../../volumes/exposure/quantity.ts';

type VolumeRecord = NonNullable<DataMoverBackupStatus['volume']>;

/** Returns what is needed to create such a volume in another cluster. `restoreSize` is the minimum size for its snapshot. */
export function describeVolume(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  restoreSize: string | undefined,
): VolumeRecord {
  const { storageClassName, accessModes = ['ReadWriteOnce'], volumeMode = 'Filesystem' } = claim.spec;
  const { persistentVolumeReclaimPolicy: reclaimPolicy } = volume.spec;
  const driver = volume.spec.csi?.driver;
  const pvLabels = ownersKeys(volume.metadata.labels, driver);
  const pvAnnotations = ownersKeys(volume.metadata.annotations, driver);
  return {
    pvcName: claim.metadata.name,
    namespace: claim.metadata.namespace ?? '',
    ...(storageClassName !== undefined && { storageClassName }),
    accessModes,
    volumeMode,
    capacity: capacityOf(claim, restoreSize),
    ...(reclaimPolicy !== undefined && { reclaimPolicy }),
    ...(Object.keys(pvLabels).length > 0 && { pvLabels }),
    ...(Object.keys(pvAnnotations).length > 0 && { pvAnnotations }),
  };
}

/** Some drivers provide more than was requested, and some need more for a restore, so the largest size is safe. */
function capacityOf({ spec, status }: PersistentVolumeClaim, restoreSize: string | undefined): string {
  const requested = spec.resources?.requests?.['storage'];
  return largestQuantity(requested, status?.capacity?.['storage'], restoreSize) ?? '1Gi';
}
