import type { PersistentVolume } from '../../../../../api/kubernetes/core.ts';
import { PROVISIONED_BY, PROVISIONER_FINALIZER } from './annotations.ts';

/** The provisioner's decision about a PersistentVolume. */
export type VolumeDecision = 'nothing' | 'delete' | 'add-finalizer' | 'remove-finalizer';

/**
 * Decides as external-provisioner does. A released volume with policy Delete is deleted, its folder first. The finalizer follows
 * the reclaim policy, so that a volume changed to Retain can be deleted without its data.
 */
export function decideVolume(volume: PersistentVolume, driverName: string): VolumeDecision {
  if (!isMadeBy(volume, driverName)) return 'nothing';
  const held = volume.metadata.finalizers?.includes(PROVISIONER_FINALIZER) === true;
  if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return held ? 'remove-finalizer' : 'nothing';
  // If it is being deleted without our finalizer, its folder has already been deleted.
  if (!held && volume.metadata.deletionTimestamp !== undefined) return 'nothing';
  return decisionByPhase(volume, held);
}

function decisionByPhase({ status }: PersistentVolume, held: boolean): VolumeDecision {
  if (status?.phase === 'Released') return 'delete';
  return status?.phase === 'Bound' && !held ? 'add-finalizer' : 'nothing';
}

function isMadeBy({ metadata, spec }: PersistentVolume, driverName: string): boolean {
  return spec.csi?.driver === driverName && metadata.annotations?.[PROVISIONED_BY] === driverName;
}
