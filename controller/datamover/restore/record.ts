import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { restoreSourceOf } from '../../../api/datamover/v1alpha1/restore-source.ts';
import type { Environment } from '../environment.ts';
import type { ServingProblem } from '../resolution/resolve-class.ts';
import { checkpoint, failed, done, type StepResult } from '../../../lifecycle/request/step.ts';
import type { RestoreScope, RestoreSource } from './scope.ts';

/**
 * Where a restore gets its record. It names the record itself, or gets it from the plugin, or, made by hand without one, restores
 * the newest backup of its destination. Only the status of DataMoverBackups of its own namespace counts, which no tenant can
 * write.
 */

/** The record that is restored. Undefined: there is none yet. */
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

/** Writes the record down that was found, with the class that serves it, before anything is made. */
export function keepSource({ restore, source, status }: RestoreScope): StepResult {
  if (restore.spec.source !== undefined || status.source !== undefined) return done;
  if (source.result === undefined) {
    const { reason, message } = noRecord(restore);
    return failed(reason, message);
  }
  status.source = source;
  return checkpoint;
}

/**
 * A restore that Velero asks for exists before its record does: the plugin fills `spec.source` in
 * when Velero comes to the DataMoverBackup, which is a moment later.
 */
const VELERO_DEADLINE_SECONDS = 15 * 60;

/** How far a mirror may be behind the backup that was completed right before the restore was made. */
const MIRROR_DEADLINE_SECONDS = 10;

/** Why the restore has no record, and for how long it waits for one. */
export function missingRecord(
  env: Pick<Environment, 'records'>,
  restore: DataMoverRestore,
): (ServingProblem & { since: string | undefined; seconds: number }) | undefined {
  // What reaches into another namespace is refused before any record is looked for.
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

/** Whether the destination is said to be in another namespace. */
export function isOutside({ metadata, spec }: DataMoverRestore): boolean {
  const { namespace = metadata.namespace } = spec.destinationClaimRef;
  return namespace !== metadata.namespace;
}

function noRecord({ metadata, spec }: DataMoverRestore): ServingProblem & { reason: 'RecordMissing' } {
  return {
    reason: 'RecordMissing',
    message: `spec.source is not set, and namespace ${metadata.namespace ?? ''} holds no completed DataMoverBackup of PersistentVolumeClaim ${spec.destinationClaimRef.name}; name the record of a backup in spec.source of another DataMoverRestore`,
  };
}

/** Whether the plugin has made it, and fills its record in. */
function isVeleros({ metadata }: Pick<DataMoverRestore, 'metadata'>): boolean {
  const keys = { ...metadata.annotations, ...metadata.labels };
  return [annotations.movedBy, annotations.veleroRestore, labels.veleroRestoreUid].some((key) => key in keys);
}
