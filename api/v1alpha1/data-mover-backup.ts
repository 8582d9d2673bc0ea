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

/** The kinds a backup can start from. */
export const dataSourceKinds = ['PersistentVolumeClaim', 'VolumeSnapshot', 'VolumeSnapshotContent'] as const;

export const dataMoverBackupSpec = z.object({
  dataMoverClass: objectName
    .optional()
    .describe("Name of the class. Absent: resolved from the source PVC's labels, else the default class."),
  dataSourceRef: z
    .object({
      apiGroup: z
        .string()
        .optional()
        .describe('`snapshot.storage.k8s.io` for snapshots; empty or absent for a PersistentVolumeClaim.'),
      kind: z.enum(dataSourceKinds),
      name: objectName,
    })
    .describe('What to back up; it lies in the namespace of this object.'),
  config: moverConfig.optional(),
  cancel: z.boolean().optional().describe('Set to true to stop the backup; it ends as Canceled.'),
});

/** Order matters: a request only ever moves to the right, or to one of the last two. */
export const backupPhases = [
  'Pending',
  'Capturing',
  'Queued',
  'Staging',
  'Moving',
  'CleaningUp',
  'Completed',
  'Failed',
  'Canceled',
] as const;

export const dataMoverBackupStatus = z.object({
  phase: z.enum(backupPhases).optional().describe('The step it is at.'),
  message: z.string().optional().describe('The same for people, one line.'),
  observedGeneration: z.int().optional(),
  startTimestamp: time.optional(),
  completionTimestamp: time.optional(),
  dataMoverClass: z.string().optional().describe('The class that serves this backup.'),
  mover: z.string().optional(),
  volume: volume.optional(),
  capture: z
    .object({
      consistency: z
        .enum(['PointInTime', 'Live'])
        .describe('PointInTime: from a snapshot. Live: read from the volume while it is in use.'),
      time: time.describe('When the source was cut, by the storage system.'),
      driver: z.string().optional(),
      snapshotHandle: z.string().optional(),
      volumeSnapshot: z.string().optional().describe("Name of the VolumeSnapshot in the source's namespace."),
      volumeSnapshotContent: z.string().optional(),
      owned: z
        .boolean()
        .optional()
        .describe('True when this controller took the snapshot and must delete it.'),
    })
    .optional()
    .describe(
      "The source's fixed state. Present from the moment from which the application may write again.",
    ),
  queue: queue.optional(),
  admittedAt: time.optional().describe('When a place was given.'),
  movingSince: time.optional().describe('When the mover was asked to start.'),
  progress: progress.optional(),
  result: backupResult.optional(),
  failure: failure.optional(),
  conditions: conditions.optional(),
});

export type DataMoverBackupSpec = z.infer<typeof dataMoverBackupSpec>;
export type DataMoverBackupStatus = z.infer<typeof dataMoverBackupStatus>;
export type BackupPhase = (typeof backupPhases)[number];

/** One backup of one volume. Lives beside the PVC, and in the Velero backup as the record of where its data is. */
export interface DataMoverBackup extends Resource {
  spec: DataMoverBackupSpec;
  status?: DataMoverBackupStatus;
}
