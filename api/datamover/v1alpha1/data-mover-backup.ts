import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { immutable, latching, rules } from '../../schema/rules.ts';
import {
  backupResult,
  conditions,
  consistency,
  failure,
  installation,
  moverConfig,
  objectName,
  progress,
  snapshotID,
  time,
  verification,
  volume,
  word,
  movingStatus,
  requestStatus,
} from './schema.ts';

/** The kinds a backup can start from. */
export const dataSourceKinds = ['PersistentVolumeClaim', 'VolumeSnapshot', 'VolumeSnapshotContent'] as const;

/** Another spelling of `PersistentVolumeClaim`; spellings.ts replaces it. */
export const CLAIM_ALIAS = 'PVC';

const remedy = 'create another DataMoverBackup';

export const dataMoverBackupSpec = z
  .object({
    dataMoverClass: objectName
      .optional()
      .describe(
        "Name of the class. Absent: resolved from the source PVC's annotation and labels, else the default class.",
      ),
    installation: installation.optional(),
    dataSourceRef: z
      .object({
        apiGroup: z
          .string()
          .max(253)
          .regex(/^(snapshot\.storage\.k8s\.io)?$/, 'is neither snapshot.storage.k8s.io nor empty')
          .optional()
          .describe('`snapshot.storage.k8s.io` for snapshots; empty or absent for a PersistentVolumeClaim.'),
        kind: z
          .enum([...dataSourceKinds, CLAIM_ALIAS])
          .describe('What kind of object holds the data. `PVC` means PersistentVolumeClaim.'),
        name: objectName.describe('Its name.'),
      })
      .describe('What to back up; it lies in the namespace of this object.')
      .meta(
        rules({
          rule: "self.kind in ['PersistentVolumeClaim', 'PVC'] ? (!has(self.apiGroup) || self.apiGroup == '') : (has(self.apiGroup) && self.apiGroup == 'snapshot.storage.k8s.io')",
          message:
            'apiGroup must be snapshot.storage.k8s.io for a VolumeSnapshot or VolumeSnapshotContent, and absent for a PersistentVolumeClaim',
          fieldPath: '.apiGroup',
        }),
      ),
    config: moverConfig.optional(),
    cancel: z
      .boolean()
      .optional()
      .describe('Set to true to stop the backup; it ends as Canceled. Cannot be taken back.'),
  })
  .describe('What to back up and how. Fixed at creation, except `cancel`.')
  .meta(
    rules(
      immutable('dataMoverClass', remedy),
      immutable('installation', remedy),
      immutable('dataSourceRef', remedy),
      immutable('config', remedy),
      latching('cancel'),
    ),
  );

/** Order matters: a request only ever moves to the right, or to one of the last two. */
export const backupPhases = [
  'Pending',
  'Capturing',
  'Queued',
  'Staging',
  'Moving',
  'Verifying',
  'CleaningUp',
  'Completed',
  'Failed',
  'Canceled',
] as const;

export const dataMoverBackupStatus = z
  .object({
    phase: z.enum(backupPhases).optional().describe('The step it is at.'),
    ...requestStatus,
    dataMoverClass: word.optional().describe('The class that serves this backup.'),
    mover: word.optional().describe('The mover that the class names.'),
    volume: volume.optional(),
    backupStorageLocation: word
      .optional()
      .describe(
        'The storage location of its Velero backup. Absent for a backup that was made by hand, and where the repository secret names the repository.',
      ),
    capture: z
      .object({
        consistency: consistency.describe(
          'PointInTime: from a snapshot. Live: read from the volume while it is in use.',
        ),
        time: time.describe(
          'When the source was cut, by the storage system. Live: from when on it is read at the earliest.',
        ),
        driver: word.optional().describe('The CSI driver of the volume.'),
        snapshotHandle: word.optional().describe("The storage system's id of the snapshot."),
        volumeSnapshot: word.optional().describe("Name of the VolumeSnapshot in the source's namespace."),
        volumeSnapshotUID: word.optional().describe('Its uid.'),
        volumeSnapshotContent: word.optional().describe('Name of its VolumeSnapshotContent.'),
        owned: z
          .boolean()
          .optional()
          .describe('True when this controller took the snapshot and must delete it.'),
        persistentVolume: word.optional().describe('The volume that is read. Only when Live.'),
        claimUID: word.optional().describe('The uid of the claim whose data it is.'),
      })
      .optional()
      .describe(
        "The source's fixed state. Present from the moment from which the application may write again.",
      ),
    ...movingStatus,
    progress: progress.optional(),
    verification: verification.optional(),
    saved: backupResult
      .optional()
      .describe(
        'What the mover says that it has saved, while that is not verified; then it is the `result`.',
      ),
    result: backupResult.optional(),
    strays: z
      .array(snapshotID)
      .max(64)
      .optional()
      .describe(
        'Snapshots that it has saved beside its result, in a try that failed afterwards or while it was being canceled. A DataMoverDelete removes each of them.',
      ),
    veleroBackupFailed: z
      .boolean()
      .optional()
      .describe(
        'True when its Velero backup has failed, so that no copy of this record is stored; the data is removed when that backup is.',
      ),
    failure: failure.optional(),
    conditions: conditions.optional(),
  })
  .describe('What happened so far. Written by the controller only.');

/** The spec as the API server takes it. */
export type WrittenBackupSpec = z.infer<typeof dataMoverBackupSpec>;

/** The spec with the one spelling that the code knows. */
export type DataMoverBackupSpec = Omit<WrittenBackupSpec, 'dataSourceRef'> & {
  dataSourceRef: Omit<WrittenBackupSpec['dataSourceRef'], 'kind'> & {
    kind: (typeof dataSourceKinds)[number];
  };
};
export type DataMoverBackupStatus = z.infer<typeof dataMoverBackupStatus>;
export type BackupPhase = (typeof backupPhases)[number];

/** One backup of one volume. Lives beside the PVC, and in the Velero backup as the record of where its data is. */
export interface DataMoverBackup extends Resource {
  spec: DataMoverBackupSpec;
  status?: DataMoverBackupStatus;
}
