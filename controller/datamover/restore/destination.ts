import type { PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import { largestQuantity } from '../../../volumes/exposure/quantity.ts';
import type { StagingVolume } from '../../../volumes/exposure/staging.ts';
import { destinationLost } from '../../../volumes/handover/destination-lost.ts';
import { done, failed, waiting, type StepResult } from '../../../lifecycle/request/step.ts';
import { checkVolume } from '../../../movers/check-capabilities.ts';
import { destinationClaim, destinationKey, type RestoreScope } from './scope.ts';

/** Waits for the destination claim and checks that it can receive a volume. */
export function awaitDestination(scope: RestoreScope): StepResult {
  const { status, resolved, limits } = scope;
  // From here on the hand-over watches the claim.
  if (status.handOver !== undefined) return done;
  const key = destinationKey(scope);
  const claim = destinationClaim(scope);
  if (claim === undefined && status.destinationUID === undefined) {
    const seconds = resolved.deadlines.destinationSeconds;
    return waiting(`waiting for PersistentVolumeClaim ${key} to appear`, {
      deadline: {
        at: limits.endOf(status.startTimestamp, seconds),
        reason: 'DestinationNotFound',
        message: `PersistentVolumeClaim ${key} did not appear within ${String(seconds)} s; create the one that spec.destinationClaimRef names, then restore again`,
      },
    });
  }
  const lost = destinationLost(key, claim, status.destinationUID);
  if (lost !== undefined) return failed('DestinationNotFound', lost);
  status.destinationUID ??= claim?.metadata.uid;
  return claim === undefined ? done : checkDestination(scope, key, claim);
}

/** Checks from the spec of the claim that it can receive a volume. */
function checkDestination(
  { resolved, restore }: RestoreScope,
  key: string,
  { spec }: PersistentVolumeClaim,
): StepResult {
  const subject = `PersistentVolumeClaim ${key}`;
  const { volumeName, storageClassName, accessModes = [] } = spec;
  if (volumeName !== undefined && volumeName !== '' && restore.spec.existingClaimPolicy !== 'Overwrite') {
    return failed(
      'DestinationBound',
      `${subject} is already bound to PersistentVolume ${volumeName}; its data is not replaced unless spec.existingClaimPolicy is Overwrite`,
    );
  }
  const unusable = checkVolume(resolved.mover, subject, spec);
  if (unusable !== undefined) return unusable;
  if (storageClassName === '') {
    return failed(
      'DestinationMismatch',
      `spec.storageClassName of ${subject} is empty, so no volume can be provisioned for the data; create it with a storage class`,
    );
  }
  if (accessModes.length > 0 && accessModes.every((mode) => mode === 'ReadOnlyMany')) {
    return failed(
      'DestinationMismatch',
      `spec.accessModes of ${subject} contains only ReadOnlyMany, so no data can be written to the volume; add ReadWriteOnce or ReadWriteMany`,
    );
  }
  return done;
}

/**
 * Returns the spec of the staging claim. Its volume becomes the volume of the destination, so it follows the destination's spec
 * and is never smaller than the data.
 */
export function stagingVolumeFor(scope: RestoreScope): StagingVolume {
  const { source } = scope;
  const claim = destinationClaim(scope);
  if (claim === undefined) throw new Error('staging before the destination exists');
  const {
    storageClassName,
    accessModes = ['ReadWriteOnce'],
    volumeMode = 'Filesystem',
    resources,
  } = claim.spec;
  return {
    storageClassName,
    accessModes,
    volumeMode,
    capacity:
      largestQuantity(
        resources?.requests?.['storage'],
        claim.status?.capacity?.['storage'],
        source.volume?.capacity,
      ) ?? '1Gi',
  };
}
