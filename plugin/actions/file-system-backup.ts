import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { podsInBackup } from './backup-selection.ts';
import { FS_BACKUP_EXCLUDED, FS_BACKUP_INCLUDED } from './velero-facts.ts';

/**
 * The pods through which Velero's file-system backup can reach the claim: those that this backup takes, mount it and
 * run. Pods that do not run are passed over by it.
 */
export function reachablePods(backup: Backup, pvc: PersistentVolumeClaim, pods: readonly Pod[]): Pod[] {
  return podsInBackup(backup, pods).filter(
    (pod) => pod.status?.phase === 'Running' && volumesOf(pod, pvc).length > 0,
  );
}

/** The pod through which the file-system backup takes the claim's data by Velero's defaults and the pod's annotations. */
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

/** The names under which the pod mounts the claim. */
function volumesOf(pod: Pod, pvc: PersistentVolumeClaim): string[] {
  const volumes = pod.spec.volumes ?? [];
  return volumes
    .filter(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === pvc.metadata.name)
    .map(({ name }) => name);
}
