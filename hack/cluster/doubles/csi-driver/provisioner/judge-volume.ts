import type { PersistentVolume } from '../../../../../api/external/core.ts';
import { PROVISIONED_BY, PROVISIONER_FINALIZER } from './annotations.ts';

/** What is to be done about a PersistentVolume. */
export type VolumeVerdict = 'nothing' | 'delete' | 'add-finalizer' | 'remove-finalizer';

/**
 * Decides as external-provisioner does: a released volume with policy Delete goes, folder first; the finalizer follows
 * the reclaim policy, so that a volume turned to Retain can be deleted without its data.
 */
export function judgeVolume(volume: PersistentVolume, driverName: string): VolumeVerdict {
  const { annotations, finalizers = [], deletionTimestamp } = volume.metadata;
  if (volume.spec.csi?.driver !== driverName) return 'nothing';
  if (annotations?.[PROVISIONED_BY] !== driverName) return 'nothing';
  const held = finalizers.includes(PROVISIONER_FINALIZER);
  const deleting = deletionTimestamp !== undefined;
  if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return held ? 'remove-finalizer' : 'nothing';
  const phase = volume.status?.phase;
  if (phase === 'Released') return deleting && !held ? 'nothing' : 'delete';
  return phase === 'Bound' && !held && !deleting ? 'add-finalizer' : 'nothing';
}
