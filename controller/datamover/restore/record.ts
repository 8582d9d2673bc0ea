import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { restoreSourceOf } from '../../../api/datamover/v1alpha1/restore-source.ts';
import type { Environment } from '../environment.ts';
import type { ResolutionProblem } from '../resolution/resolve-class.ts';
import { checkpoint, failed, done, type StepResult } from '../../../lifecycle/request/step.ts';
import type { RestoreScope, RestoreSource } from './scope.ts';

/**
 * Finds the record of a restore. The restore names it itself, or the plugin adds it; a restore that was created by hand without
 * one restores the newest backup of its destination. Only the status of DataMoverBackups of its own namespace counts, which no
 * tenant can write.
 */

/** Returns the record to restore; undefined if none exists yet. */
export function sourceOf(
  { records }: Pick<Environment, 'records'>,
  { metadata, spec, status }: DataMoverRestore,
): RestoreSource | undefined {
  const given = status?.source ?? spec.source;
  if (given !== undefined || isVeleros({ metadata })) return given;
  const { namespace = '' } = metadata;
  const newest = records.newestOf({ namespace, name: spec.destinationClaimRef.name });
  return newest && restoreSourceOf(newest);
}

/** Stores the record that was found in the status before anything is created. */
export function recordSource({ restore, source, status }: RestoreScope): StepResult {
  if (restore.spec.source !== undefined || status.source !== undefined) return done;
  if (source.result === undefined) {
    const { reason, message } = noRecord(restore);
    return failed(reason, message);
  }
  status.source = source;
  return checkpoint;
}

/**
 * A restore that the plugin created exists before its record does: the plugin fills in `spec.source` when Velero restores the
 * DataMoverBackup, which happens a moment later.
 */
const VELERO_DEADLINE_SECONDS = 15 * 60;

/** How far the cache may lag behind a backup that completed right before the restore was created. */
const MIRROR_DEADLINE_SECONDS = 10;

/** Returns why the restore has no record, and how long it waits for one. */
export function missingRecord(
  env: Pick<Environment, 'records'>,
  restore: DataMoverRestore,
): (ResolutionProblem & { since: string | undefined; seconds: number }) | undefined {
  // A restore into another namespace is rejected before a record is looked up.
  if (isOutside(restore) || sourceOf(env, restore) !== undefined) return undefined;
  const since = restore.metadata.creationTimestamp;
  if (!isVeleros(restore)) return { ...noRecord(restore), since, seconds: MIRROR_DEADLINE_SECONDS };
  return {
    reason: 'RecordMissing',
    message:
      'spec.source was not filled in: the DataMoverBackup that holds the record was not restored; include datamoverbackups.oadp.openshift.io in the Velero restore',
    since,
    seconds: VELERO_DEADLINE_SECONDS,
  };
}

/** Returns true if the restore names a destination in another namespace. */
export function isOutside({ metadata, spec }: DataMoverRestore): boolean {
  const { namespace = metadata.namespace } = spec.destinationClaimRef;
  return namespace !== metadata.namespace;
}

function noRecord({ metadata, spec }: DataMoverRestore): ResolutionProblem & { reason: 'RecordMissing' } {
  return {
    reason: 'RecordMissing',
    message: `spec.source is not set, and namespace ${metadata.namespace ?? ''} contains no completed DataMoverBackup of PersistentVolumeClaim ${spec.destinationClaimRef.name}; name the record of a backup in spec.source of another DataMoverRestore`,
  };
}

/** Returns true if the plugin created the restore and fills in its record. */
function isVeleros({ metadata }: Pick<DataMoverRestore, 'metadata'>): boolean {
  const keys = { ...metadata.annotations, ...metadata.labels };
  return [annotations.movedBy, annotations.veleroRestore, labels.veleroRestoreUid].some((key) => key in keys);
}
