import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { rules } from '../../schema/rules.ts';
import {
  backupResult,
  conditions,
  failure,
  moverConfig,
  objectName,
  time,
  word,
  movingStatus,
  requestStatus,
  retriedStatus,
} from './schema.ts';

export const dataMoverDeleteSpec = z
  .object({
    dataMoverClass: objectName.optional().describe('Name of the DataMoverClass of the backup.'),
    backupName: objectName
      .optional()
      .describe('Name of the DataMoverBackup with the data to remove. For information only.'),
    backupNamespace: objectName
      .optional()
      .describe('Namespace of the DataMoverBackup. The repository must belong to that namespace.'),
    result: backupResult.describe('Result of the backup: the repository and the snapshot to remove.'),
    backupStorageLocation: objectName
      .optional()
      .describe(
        'Name of the BackupStorageLocation of the deleted Velero backup, in this cluster. Used if neither the repository secret nor the class contains a location.',
      ),
    config: moverConfig.optional(),
  })
  .describe('Desired removal. Immutable.')
  .meta(
    rules({
      rule: 'self == oldSelf',
      message: 'spec cannot be changed after creation; create another DataMoverDelete',
      reason: 'FieldValueForbidden',
    }),
  );

/** In the order of a successful removal; a failed one changes to `Retrying` and then to `Queued`. */
export const deletePhases = [
  'Pending',
  'Queued',
  'Deleting',
  'Retrying',
  'CleaningUp',
  'Completed',
  'Failed',
  'Canceled',
] as const;

export const dataMoverDeleteStatus = z
  .object({
    phase: z.enum(deletePhases).optional().describe('Current phase.'),
    ...requestStatus,
    dataMoverClass: word.optional().describe('Name of the DataMoverClass that serves this request.'),
    mover: word.optional().describe('Name of the mover of the class.'),
    ...movingStatus,
    removedAt: time
      .optional()
      .describe('When the mover confirmed that the snapshot is no longer in the repository.'),
    ...retriedStatus,
    failure: failure.describe('Why the request failed. Absent unless it failed.').optional(),
    conditions: conditions.optional(),
  })
  .describe('Observed state. Written by the controller only.');

export type DataMoverDeleteSpec = z.infer<typeof dataMoverDeleteSpec>;
export type DataMoverDeleteStatus = z.infer<typeof dataMoverDeleteStatus>;
export type DeletePhase = (typeof deletePhases)[number];

/** Requests the removal of one backup's data from its repository. Exists only in the protected namespace. */
export interface DataMoverDelete extends Resource {
  spec: DataMoverDeleteSpec;
  status?: DataMoverDeleteStatus;
}
