import type { DataMoverBackup, DataMoverBackupStatus } from '../../api/v1alpha1/data-mover-backup.ts';
import { eventReasons } from '../../api/v1alpha1/reasons.ts';
import { speaker, type EventTarget } from '../request/reporter.ts';
import { veleroTarget } from '../request/targets.ts';
import type { Environment } from '../environment.ts';

/** Tells what this pass changed, on every object where somebody would look for it. */
export function reportBackup(
  env: Environment,
  backup: DataMoverBackup,
  before: DataMoverBackupStatus,
  after: DataMoverBackupStatus,
): void {
  const self: EventTarget = { apiVersion: backup.apiVersion, kind: backup.kind, ...backup.metadata };
  const velero = veleroTarget('Backup', backup, env.namespace);
  const { normal, warning } = speaker(env.reporter);
  if (before.capture === undefined && after.capture !== undefined) {
    normal(
      [self, snapshotTarget(backup, after)],
      eventReasons.captured,
      `the source is fixed as of ${after.capture.time}`,
    );
  }
  if (before.queue === undefined && after.queue !== undefined) {
    normal([self], eventReasons.queued, after.queue.reason);
  }
  if (before.movingSince === undefined && after.movingSince !== undefined) {
    normal(
      [self, claimTarget(env, backup, after)],
      eventReasons.moving,
      `mover ${after.mover ?? ''} is asked to upload`,
    );
  }
  if (before.phase === after.phase) return;
  const everybody = [self, claimTarget(env, backup, after), velero];
  const name = after.volume?.pvcName ?? backup.spec.dataSourceRef.name;
  const subject = `${backup.metadata.namespace ?? ''}/${name}`;
  if (after.phase === 'Completed') {
    normal(
      everybody,
      eventReasons.completed,
      `data of PersistentVolumeClaim ${subject}: ${resultText(after)}`,
    );
  } else if (after.phase === 'Canceled') {
    warning(
      everybody,
      eventReasons.canceled,
      `backup of PersistentVolumeClaim ${subject}: ${after.message ?? ''}`,
    );
  } else if (after.phase === 'Failed') {
    warning(
      everybody,
      eventReasons.failed,
      `backup of PersistentVolumeClaim ${subject}: ${after.message ?? ''}`,
    );
  }
}

/** One line about a finished backup. */
export function resultText(status: DataMoverBackupStatus): string {
  const { result } = status;
  if (result?.empty === true) return 'the volume is empty; nothing to upload';
  const size = result?.bytes === undefined ? '' : `, ${String(result.bytes)} bytes`;
  return `snapshot ${result?.snapshotID ?? ''} in repository ${result?.repository ?? ''}${size}`;
}

function claimTarget(
  env: Environment,
  backup: DataMoverBackup,
  status: DataMoverBackupStatus,
): EventTarget | undefined {
  const name = status.volume?.pvcName;
  if (name === undefined) return undefined;
  const claim = env.listers.claims.get(`${backup.metadata.namespace ?? ''}/${name}`);
  return claim && { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim.metadata };
}

function snapshotTarget(backup: DataMoverBackup, status: DataMoverBackupStatus): EventTarget | undefined {
  const name = status.capture?.volumeSnapshot;
  if (name === undefined) return undefined;
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    name,
    ...(backup.metadata.namespace !== undefined && { namespace: backup.metadata.namespace }),
  };
}
