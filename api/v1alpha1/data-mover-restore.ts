import { z } from 'zod';
import type { Resource } from '../meta.ts';
import {
  backupResult,
  conditions,
  failure,
  moverConfig,
  objectName,
  progress,
  queue,
  time,
  volume,
} from './schema.ts';

export const dataMoverRestoreSpec = z.object({
  dataMoverClass: objectName
    .optional()
    .describe(
      "Name of the class. Absent: the class named in the record, else resolved from the destination's labels, else the default.",
    ),
  destinationClaimRef: z
    .object({
      name: objectName,
      namespace: objectName
        .optional()
        .describe('Must be the namespace of this object; absent means the same.'),
    })
    .describe('The PVC that receives the data. It may appear after this object.'),
  source: z
    .object({
      backupName: z.string().optional().describe('The DataMoverBackup whose record this is.'),
      backupNamespace: z.string().optional(),
      dataMoverClass: z.string().optional(),
      result: backupResult
        .optional()
        .describe('Absent when the backup did not complete: the restore then fails.'),
      failure: failure.optional().describe('Why the backup did not complete.'),
      volume: volume.optional(),
    })
    .optional()
    .describe(
      "The record of the backup, copied from the DataMoverBackup's status. May be set once, after creation.",
    ),
  config: moverConfig.optional(),
  cancel: z.boolean().optional().describe('Set to true to stop the restore; it ends as Canceled.'),
});

export const restorePhases = [
  'Pending',
  'Queued',
  'Staging',
  'Moving',
  'HandingOver',
  'CleaningUp',
  'Completed',
  'Failed',
  'Canceled',
] as const;

export const dataMoverRestoreStatus = z.object({
  phase: z.enum(restorePhases).optional().describe('The step it is at.'),
  message: z.string().optional().describe('The same for people, one line.'),
  observedGeneration: z.int().optional(),
  startTimestamp: time.optional(),
  completionTimestamp: time.optional(),
  dataMoverClass: z.string().optional(),
  mover: z.string().optional(),
  queue: queue.optional(),
  admittedAt: time.optional(),
  movingSince: time.optional(),
  progress: progress.optional(),
  restored: z
    .object({
      snapshotID: z.string().optional(),
      bytes: z.int().min(0).optional(),
      files: z.int().min(0).optional(),
      empty: z.boolean().optional(),
    })
    .optional()
    .describe(
      'What the mover wrote, as the mover itself says. Present only when it is what the record asks for.',
    ),
  handOver: z
    .object({
      persistentVolume: z.string().describe('The volume that goes to the destination claim.'),
      reclaimPolicy: z.string().describe('The policy it gets at the end.'),
    })
    .optional(),
  failure: failure.optional(),
  conditions: conditions.optional(),
});

export type DataMoverRestoreSpec = z.infer<typeof dataMoverRestoreSpec>;
export type DataMoverRestoreStatus = z.infer<typeof dataMoverRestoreStatus>;
export type RestorePhase = (typeof restorePhases)[number];

/** One restore of one volume into one PVC of its own namespace. */
export interface DataMoverRestore extends Resource {
  spec: DataMoverRestoreSpec;
  status?: DataMoverRestoreStatus;
}
