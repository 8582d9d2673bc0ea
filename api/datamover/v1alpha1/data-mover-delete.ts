import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { immutableSpec, maintenanceSpec, maintenanceStatus } from './request-schema.ts';
import { backupResult, objectName, time } from './schema.ts';

export const dataMoverDeleteSpec = z
  .object(
    maintenanceSpec(
      {
        dataMoverClass: 'Name of the DataMoverClass of the backup.',
        location: 'of the deleted Velero backup',
      },
      {
        backupName: objectName
          .optional()
          .describe('Name of the DataMoverBackup with the data to remove. For information only.'),
        backupNamespace: objectName
          .optional()
          .describe('Namespace of the DataMoverBackup. The repository must belong to that namespace.'),
        result: backupResult.describe('Result of the backup: the repository and the snapshot to remove.'),
      },
    ),
  )
  .describe('Desired removal. Immutable.')
  .meta(immutableSpec('DataMoverDelete'));

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
  .object(
    maintenanceStatus(deletePhases, {
      removedAt: time
        .optional()
        .describe('When the mover confirmed that the snapshot is no longer in the repository.'),
    }),
  )
  .describe('Observed state. Written by the controller only.');

export type DataMoverDeleteSpec = z.infer<typeof dataMoverDeleteSpec>;
export type DataMoverDeleteStatus = z.infer<typeof dataMoverDeleteStatus>;
export type DeletePhase = (typeof deletePhases)[number];

/** Requests the removal of one backup's data from its repository. Exists only in the protected namespace. */
export interface DataMoverDelete extends Resource {
  spec: DataMoverDeleteSpec;
  status?: DataMoverDeleteStatus;
}
