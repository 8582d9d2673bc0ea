import type { PersistentVolumeClaim, StorageClass } from '../../../../../api/external/core.ts';
import { SELECTED_NODE, STORAGE_PROVISIONER } from './annotations.ts';

/** What a claim means to this provisioner before anything is looked up. */
export type ClaimVerdict =
  | { act: 'ignore'; why: string }
  /** The user has to change the claim; told in an event and tried again with back-off. */
  | { act: 'refuse'; message: string }
  | { act: 'provision' };

/** Decides as external-provisioner does. `storageClass` is absent when the claim's class does not exist. */
export function judgeClaim(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  driverName: string,
): ClaimVerdict {
  const annotations = claim.metadata.annotations ?? {};
  if (claim.metadata.deletionTimestamp !== undefined) return ignore('it is being deleted');
  // A claim that names its volume waits for that volume; provisioning is how Velero's data mover is held off, too.
  if ((claim.spec.volumeName ?? '') !== '') return ignore('it names its volume');
  if (annotations[STORAGE_PROVISIONER] !== driverName) return ignore('it is not given to this provisioner');
  if (storageClass === undefined) return ignore('its StorageClass does not exist');
  if (storageClass.provisioner !== driverName) return ignore('its StorageClass has another provisioner');
  if (storageClass.volumeBindingMode === 'WaitForFirstConsumer' && annotations[SELECTED_NODE] === undefined) {
    return ignore('it waits for its first consumer');
  }
  if (claim.spec.selector !== undefined) return refuse('claim Selector is not supported');
  if (claim.spec.volumeMode === 'Block') return refuse('volumeMode Block is not supported by this driver');
  return { act: 'provision' };
}

const ignore = (why: string): ClaimVerdict => ({ act: 'ignore', why });
const refuse = (message: string): ClaimVerdict => ({ act: 'refuse', message });
