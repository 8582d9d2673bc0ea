import type { Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { isFinal } from '../../../lifecycle/request-status.ts';

/** What to do with a request according to the state of its Velero backup or restore. */
export type OwnerAction =
  | 'keep'
  /** Its outcome is no longer needed. */
  | 'cancel'
  /** It has ended and belongs to a Velero backup that failed, which is recorded: no copy of its record will ever be stored. */
  | 'markVeleroFailed'
  | 'delete';

/** A Velero Backup or Restore. */
export type VeleroObject = Resource & { status?: { phase?: string } };

/** How long a completed request is kept if it belongs to no Velero object. */
const RETENTION_MS = 24 * 3_600_000;

/** Phases in which Velero no longer waits for requests and uses none that was created ahead. */
const ENDED: ReadonlySet<string> = new Set(['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation']);

/**
 * Decides about a DataMoverBackup, which lives as long as its Velero backup. One that was created by hand belongs to its creator.
 *
 * A missing Backup object proves nothing about the data: it may be synced from the bucket again, with its records. Only the copy
 * in the cluster is deleted here.
 */
export function actionForBackup(
  request: DataMoverBackup,
  backups: ReadonlyMap<string, VeleroObject>,
): OwnerAction {
  const name = veleroBackupOf(request);
  if (name === undefined) return 'keep';
  const backup = backups.get(name);
  const ended = isFinal(request.status?.phase);
  if (backup === undefined) return ended ? 'delete' : cancelOnce(request);
  return isOf(request, backup) ? actionForPhase(backup.status?.phase ?? '', request, ended) : 'keep';
}

function actionForPhase(veleroPhase: string, request: DataMoverBackup, ended: boolean): OwnerAction {
  if (!ENDED.has(veleroPhase)) return 'keep';
  if (!ended) return cancelOnce(request);
  // After a restart during a backup, Velero marks it as failed and never continues it.
  return veleroPhase === 'Failed' ? markFailedOnce(request) : 'keep';
}

function markFailedOnce({ status }: DataMoverBackup): OwnerAction {
  return status?.veleroBackupFailed === true ? 'keep' : 'markVeleroFailed';
}

function cancelOnce({ spec }: DataMoverBackup): OwnerAction {
  return spec.cancel === true ? 'keep' : 'cancel';
}

/** An unfinished restore continues: the application already has its claim and waits for the data. */
export function actionForRestore(
  request: DataMoverRestore,
  restores: ReadonlyMap<string, VeleroObject>,
): 'keep' | 'delete' {
  const name = veleroRestoreOf(request);
  if (name === undefined || restores.has(name)) return 'keep';
  return isFinal(request.status?.phase) ? 'delete' : 'keep';
}

/** The fields of a request that decide how long it is kept after its end. */
interface EndedRequest {
  status?: { phase?: string | undefined; completionTimestamp?: string | undefined };
}

/** A failed request is kept, so that the user can see it. */
export function actionForCompleted({ status }: EndedRequest, now: Date): 'keep' | 'delete' {
  if (status?.phase !== 'Completed') return 'keep';
  return now.getTime() - Date.parse(status.completionTimestamp ?? '') > RETENTION_MS ? 'delete' : 'keep';
}

/** Returns the name of the Velero backup that a request was created in; `undefined` if it was created by hand. */
export function veleroBackupOf(request: Resource): string | undefined {
  return ownerOf(request, annotations.veleroBackup, labels.veleroBackupUid);
}

export function veleroRestoreOf(request: Resource): string | undefined {
  return ownerOf(request, annotations.veleroRestore, labels.veleroRestoreUid);
}

function ownerOf({ metadata }: Resource, annotation: string, label: string): string | undefined {
  return metadata.labels?.[label] === undefined ? undefined : metadata.annotations?.[annotation];
}

function isOf({ metadata }: Resource, backup: Resource): boolean {
  return metadata.labels?.[labels.veleroBackupUid] === backup.metadata.uid;
}
