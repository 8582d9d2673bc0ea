import type { Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { isFinal } from '../../../lifecycle/request/request-type.ts';

/** What is to be done about a request because of what became of its Velero backup or restore. */
export type Fate =
  | 'stays'
  /** Nobody waits for its outcome any more. */
  | 'cancel'
  /** It has ended, and is noted to belong to a backup that failed: no copy of its record will ever be stored. */
  | 'noteFailure'
  | 'remove';

/** A Velero Backup or Restore. */
export type VeleroObject = Resource & { status?: { phase?: string } };

/** How long a removal or a prune that is through can be looked up. */
const KEEP_CARE_MS = 24 * 3_600_000;

/** Phases in which Velero waits for no request any more, nor takes up one that was made ahead. */
const ENDED: ReadonlySet<string> = new Set(['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation']);

/**
 * A DataMoverBackup lives as long as its Velero backup. Whoever made it by hand owns it.
 *
 * That a Backup object is missing says nothing about the data: it may come back from the bucket, with its records. What
 * goes here is the copy in the cluster.
 */
export function fateOfBackup(request: DataMoverBackup, backups: ReadonlyMap<string, VeleroObject>): Fate {
  const name = veleroBackupOf(request);
  if (name === undefined) return 'stays';
  const backup = backups.get(name);
  const ended = isFinal(request.status?.phase);
  if (backup === undefined) return ended ? 'remove' : unwanted(request);
  return isOf(request, backup) ? fateWith(backup.status?.phase ?? '', request, ended) : 'stays';
}

function fateWith(veleroPhase: string, request: DataMoverBackup, ended: boolean): Fate {
  if (!ENDED.has(veleroPhase)) return 'stays';
  if (!ended) return unwanted(request);
  // After a restart in the middle of a backup, Velero calls it failed and never comes back to it.
  return veleroPhase === 'Failed' ? worthless(request) : 'stays';
}

function worthless({ status }: DataMoverBackup): Fate {
  return status?.veleroBackupFailed === true ? 'stays' : 'noteFailure';
}

function unwanted({ spec }: DataMoverBackup): Fate {
  return spec.cancel === true ? 'stays' : 'cancel';
}

/** A restore that is under way is left to finish: the application has its claim already, and waits for the data. */
export function fateOfRestore(
  request: DataMoverRestore,
  restores: ReadonlyMap<string, VeleroObject>,
): 'stays' | 'remove' {
  const name = veleroRestoreOf(request);
  if (name === undefined || restores.has(name)) return 'stays';
  return isFinal(request.status?.phase) ? 'remove' : 'stays';
}

/** A DataMoverDelete or a DataMoverPrune. */
interface RepositoryCare {
  status?: { phase?: string | undefined; completionTimestamp?: string | undefined };
}

/** One that failed stays to be seen. */
export function fateOfCare({ status }: RepositoryCare, now: Date): 'stays' | 'remove' {
  if (status?.phase !== 'Completed') return 'stays';
  return now.getTime() - Date.parse(status.completionTimestamp ?? '') > KEEP_CARE_MS ? 'remove' : 'stays';
}

/** Name of the Velero backup that a request was made in; `undefined` for one made by hand. */
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
