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
    dataMoverClass: objectName.optional().describe('Name of the class that made the backup.'),
    backupName: objectName.optional().describe('The DataMoverBackup whose data is removed, for people.'),
    backupNamespace: objectName
      .optional()
      .describe('Its namespace; the repository must be one of that namespace.'),
    result: backupResult.describe('The record of the backup: which snapshot of which repository.'),
    backupStorageLocation: objectName
      .optional()
      .describe(
        'The storage location of the Velero backup that was deleted, by its name in this cluster. Used where the secret with the repository access names no repository and the class no location.',
      ),
    config: moverConfig.optional(),
  })
  .describe('Whose data is removed. Fixed at creation.')
  .meta(
    rules({
      rule: 'self == oldSelf',
      message: 'spec cannot be changed after creation; create another DataMoverDelete',
      reason: 'FieldValueForbidden',
    }),
  );

/** In the order of a removal that succeeds; one that fails goes to `Retrying` and from there back to `Queued`. */
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
    phase: z.enum(deletePhases).optional().describe('The step it is at.'),
    ...requestStatus,
    dataMoverClass: word.optional().describe('The class that serves this request.'),
    mover: word.optional().describe('The mover that the class names.'),
    ...movingStatus,
    removedAt: time
      .optional()
      .describe('When the mover had made sure that the snapshot is not in the repository any more.'),
    ...retriedStatus,
    failure: failure.describe('Why it ended without success. Absent while it has not.').optional(),
    conditions: conditions.optional(),
  })
  .describe('What happened so far. Written by the controller only.');

export type DataMoverDeleteSpec = z.infer<typeof dataMoverDeleteSpec>;
export type DataMoverDeleteStatus = z.infer<typeof dataMoverDeleteStatus>;
export type DeletePhase = (typeof deletePhases)[number];

/** The wish to remove one backup's data from its repository. Lives in the protected namespace only. */
export interface DataMoverDelete extends Resource {
  spec: DataMoverDeleteSpec;
  status?: DataMoverDeleteStatus;
}
