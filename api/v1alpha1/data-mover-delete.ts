import { z } from 'zod';
import type { Resource } from '../meta.ts';
import { backupResult, conditions, failure, moverConfig, objectName, time } from './schema.ts';

export const dataMoverDeleteSpec = z.object({
  dataMoverClass: objectName.optional().describe('Name of the class that made the backup.'),
  backupName: z.string().optional().describe('The DataMoverBackup whose data is removed, for people.'),
  backupNamespace: z.string().optional(),
  result: backupResult.describe('The record of the backup: which snapshot of which repository.'),
  config: moverConfig.optional(),
});

export const deletePhases = ['Pending', 'Queued', 'Deleting', 'CleaningUp', 'Completed', 'Failed'] as const;

export const dataMoverDeleteStatus = z.object({
  phase: z.enum(deletePhases).optional(),
  message: z.string().optional(),
  observedGeneration: z.int().optional(),
  startTimestamp: time.optional(),
  completionTimestamp: time.optional(),
  failure: failure.optional(),
  conditions: conditions.optional(),
});

export type DataMoverDeleteSpec = z.infer<typeof dataMoverDeleteSpec>;
export type DataMoverDeleteStatus = z.infer<typeof dataMoverDeleteStatus>;

/** The wish to remove one backup's data from its repository. Lives in the protected namespace only. */
export interface DataMoverDelete extends Resource {
  spec: DataMoverDeleteSpec;
  status?: DataMoverDeleteStatus;
}
