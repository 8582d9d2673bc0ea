import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { podsInBackup } from './selection.ts';
import { FS_BACKUP_EXCLUDED, FS_BACKUP_INCLUDED } from '../velero/constants.ts';

/**
 * Returns the pods through which Velero's file-system backup can reach the claim: running pods that this backup includes and that
 * mount the claim. It skips pods that do not run.
 */
export function reachablePods(backup: Backup, pvc: PersistentVolumeClaim, pods: readonly Pod[]): Pod[] {
  return podsInBackup(backup, pods).filter(
    (pod) => pod.status?.phase === 'Running' && volumesOf(pod, pvc).length > 0,
  );
}

/**
 * Returns the pod through which the file-system backup saves the claim's data, by Velero's defaults and the pod's annotations.
 */
export function fileSystemBackupOf(
  backup: Backup,
  pvc: PersistentVolumeClaim,
  pods: readonly Pod[],
): Pod | undefined {
  return reachablePods(backup, pvc, pods).find((pod) =>
    volumesOf(pod, pvc).some((volume) => isTaken(backup, pod, volume)),
  );
}

function isTaken(backup: Backup, pod: Pod, volume: string): boolean {
  const names = (annotation: string): string[] => pod.metadata.annotations?.[annotation]?.split(',') ?? [];
  return backup.spec.defaultVolumesToFsBackup === true
    ? !names(FS_BACKUP_EXCLUDED).includes(volume)
    : names(FS_BACKUP_INCLUDED).includes(volume);
}

/** Returns the names of the pod's volumes that mount the claim. */
function volumesOf(pod: Pod, pvc: PersistentVolumeClaim): string[] {
  const volumes = pod.spec.volumes ?? [];
  return volumes
    .filter(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === pvc.metadata.name)
    .map(({ name }) => name);
}
