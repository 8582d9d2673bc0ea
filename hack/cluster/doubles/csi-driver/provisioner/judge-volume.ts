import type { PersistentVolume } from '../../../../../api/kubernetes/core.ts';
import { PROVISIONED_BY, PROVISIONER_FINALIZER } from './annotations.ts';

/** What is to be done about a PersistentVolume. */
export type VolumeVerdict = 'nothing' | 'delete' | 'add-finalizer' | 'remove-finalizer';

/**
 * Decides as external-provisioner does: a released volume with policy Delete goes, folder first; the finalizer follows
 * the reclaim policy, so that a volume turned to Retain can be deleted without its data.
 */
export function judgeVolume(volume: PersistentVolume, driverName: string): VolumeVerdict {
  if (!isMadeBy(volume, driverName)) return 'nothing';
  const held = volume.metadata.finalizers?.includes(PROVISIONER_FINALIZER) === true;
  if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return held ? 'remove-finalizer' : 'nothing';
  // Being deleted without our finalizer means that its folder is gone already.
  if (!held && volume.metadata.deletionTimestamp !== undefined) return 'nothing';
  return verdictByPhase(volume, held);
}

function verdictByPhase({ status }: PersistentVolume, held: boolean): VolumeVerdict {
  if (status?.phase === 'Released') return 'delete';
  return status?.phase === 'Bound' && !held ? 'add-finalizer' : 'nothing';
}

function isMadeBy({ metadata, spec }: PersistentVolume, driverName: string): boolean {
  return spec.csi?.driver === driverName && metadata.annotations?.[PROVISIONED_BY] === driverName;
}
