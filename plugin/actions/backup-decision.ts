import type { PersistentVolumeClaim } from '../../api/external/core.ts';
import type { Backup } from '../../api/external/velero.ts';
import { resolveClass } from '../../api/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../api/v1alpha1/data-mover-class.ts';
import { labels } from '../../api/v1alpha1/keys.ts';

/** What happens with the data of one PVC in one backup. */
export type BackupDecision =
  | { outcome: 'move'; className: string; by: string }
  /** Velero goes on as without us. `level` says how loud the reason is told: a warning shows at the backup. */
  | { outcome: 'leave'; level: 'info' | 'warn'; message: string }
  /** What the user asked for cannot be done; the item fails with the message. */
  | { outcome: 'fail'; message: string };

/**
 * Decides by the objects alone, so that the PVC's own call, a sibling that starts its capture early and its volume's
 * call come to the same answer. That the mover is on is decided before.
 */
export function decideBackup(
  backup: Backup,
  pvc: PersistentVolumeClaim,
  classes: readonly DataMoverClass[],
): BackupDecision {
  const { namespace = '', name } = pvc.metadata;
  const subject = `PersistentVolumeClaim ${namespace}/${name}`;
  if (backup.spec.snapshotVolumes === false)
    return leave('info', `spec.snapshotVolumes of the Backup is false: the data of ${subject} is not moved`);
  if (pvc.metadata.labels?.[labels.veleroExclude] === 'true')
    return leave('info', `${subject} carries the label ${labels.veleroExclude}: its data is not moved`);
  if (pvc.status?.phase !== 'Bound') {
    const phase = pvc.status?.phase ?? 'not bound';
    return leave('warn', `${subject} is ${phase}, there is no data to move`);
  }
  const resolution = resolveClass(classes, pvc);
  switch (resolution.outcome) {
    case 'resolved':
      return { outcome: 'move', className: resolution.class.metadata.name, by: resolution.by };
    case 'none':
      return leave('warn', resolution.message);
    case 'failed':
      return { outcome: 'fail', message: resolution.message };
  }
}

function leave(level: 'info' | 'warn', message: string): BackupDecision {
  return { outcome: 'leave', level, message };
}

/** True in the second pass of a backup, in which nothing may be started and no volume touched. */
export function isFinalizing(backup: Backup): boolean {
  return backup.status?.phase?.startsWith('Finalizing') ?? false;
}
