import { MOST_SNAPSHOTS } from './orphaned-snapshots.ts';
import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { immutable, rules } from '../../schema/rules.ts';
import {
  cancelableRules,
  cancelableSpec,
  installation,
  movingStatus,
  outcomeStatus,
  requestStatus,
  servedStatus,
} from './request-schema.ts';
import {
  backupResult,
  consistency,
  objectName,
  progress,
  snapshotID,
  time,
  verification,
  volume,
  word,
} from './schema.ts';

/** The kinds that a backup can read. */
export const dataSourceKinds = ['PersistentVolumeClaim', 'VolumeSnapshot', 'VolumeSnapshotContent'] as const;

/** Alias of `PersistentVolumeClaim`; spellings.ts replaces it. */
export const CLAIM_ALIAS = 'PVC';

const remedy = 'create another DataMoverBackup';

const CLASS =
  'Name of the DataMoverClass. If absent, it is resolved from the annotation and the labels of the source PVC; otherwise the default class is used.';

export const dataMoverBackupSpec = z
  .object(
    cancelableSpec('backup', CLASS, {
      installation: installation.optional(),
      dataSourceRef: z
        .object({
          apiGroup: z
            .string()
            .max(253)
            .regex(/^(snapshot\.storage\.k8s\.io)?$/, 'is neither snapshot.storage.k8s.io nor empty')
            .optional()
            .describe(
              'API group of the source: `snapshot.storage.k8s.io` for snapshots, empty or absent for a PersistentVolumeClaim.',
            ),
          kind: z
            .enum([...dataSourceKinds, CLAIM_ALIAS])
            .describe('Kind of the source. `PVC` is an alias of PersistentVolumeClaim.'),
          name: objectName.describe('Name of the source.'),
        })
        .describe('The object to back up, in the namespace of this DataMoverBackup.')
        .meta(
          rules({
            rule: "self.kind in ['PersistentVolumeClaim', 'PVC'] ? (!has(self.apiGroup) || self.apiGroup == '') : (has(self.apiGroup) && self.apiGroup == 'snapshot.storage.k8s.io')",
            message:
              'apiGroup must be snapshot.storage.k8s.io for a VolumeSnapshot or VolumeSnapshotContent, and absent for a PersistentVolumeClaim',
            fieldPath: '.apiGroup',
          }),
        ),
    }),
  )
  .describe('Desired backup. Immutable, except for `cancel`.')
  .meta(
    rules(
      ...cancelableRules(remedy, [immutable('installation', remedy), immutable('dataSourceRef', remedy)]),
    ),
  );

/** In order: a request only moves to the right, or to one of the last two. */
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

const snapshotIDs = z.array(snapshotID).max(MOST_SNAPSHOTS);

export const dataMoverBackupStatus = z
  .object({
    ...requestStatus(backupPhases),
    ...servedStatus('backup'),
    volume: volume.optional(),
    backupStorageLocation: word
      .optional()
      .describe(
        'Name of the BackupStorageLocation of the Velero backup. Absent if this backup was created by hand or the repository secret contains the location.',
      ),
    capture: z
      .object({
        consistency: consistency.describe(
          'PointInTime if the data comes from a snapshot, Live if the volume is read while it is in use.',
        ),
        time: time.describe(
          'When the snapshot was taken, by the clock of the storage system. For Live, the earliest time the volume is read.',
        ),
        driver: word.optional().describe('Name of the CSI driver of the volume.'),
        snapshotHandle: word.optional().describe('Handle of the snapshot in the storage system.'),
        volumeSnapshot: word
          .optional()
          .describe('Name of the VolumeSnapshot in the namespace of the source.'),
        volumeSnapshotUID: word.optional().describe('UID of the VolumeSnapshot.'),
        volumeSnapshotContent: word.optional().describe('Name of the VolumeSnapshotContent.'),
        owned: z
          .boolean()
          .optional()
          .describe('True if this controller took the snapshot and must delete it.'),
        persistentVolume: word
          .optional()
          .describe('Name of the PersistentVolume that is read. Only for Live.'),
        claimUID: word.optional().describe('UID of the PersistentVolumeClaim with the data.'),
      })
      .optional()
      .describe('The captured state of the source. Once present, the application may write again.'),
    ...movingStatus,
    progress: progress.optional(),
    verification: verification.optional(),
    unverifiedResult: backupResult
      .optional()
      .describe(
        'Result that the mover reported and that is not verified yet. It becomes `result` once it is.',
      ),
    result: backupResult.optional(),
    orphanedSnapshots: snapshotIDs
      .optional()
      .describe(
        'Ids of further snapshots in the repository that this backup saved in a try that failed later or while it was canceled. A DataMoverDelete removes each of them.',
      ),
    saved: backupResult
      .optional()
      .describe('Deprecated: the former name of `unverifiedResult`. Read, but not written.'),
    strays: snapshotIDs
      .optional()
      .describe('Deprecated: the former name of `orphanedSnapshots`. Read, but not written.'),
    veleroBackupFailed: z
      .boolean()
      .optional()
      .describe(
        'True if the Velero backup failed, so that no copy of this object is stored. The data is removed when that Velero backup is deleted.',
      ),
    ...outcomeStatus,
  })
  .describe('Observed state. Written by the controller only.');

/** The spec as the API server accepts it. */
export type WrittenBackupSpec = z.infer<typeof dataMoverBackupSpec>;

/** The spec without aliases. */
export type DataMoverBackupSpec = Omit<WrittenBackupSpec, 'dataSourceRef'> & {
  dataSourceRef: Omit<WrittenBackupSpec['dataSourceRef'], 'kind'> & {
    kind: (typeof dataSourceKinds)[number];
  };
};

/** The status as the API server accepts it. */
export type WrittenBackupStatus = z.infer<typeof dataMoverBackupStatus>;

/** The status without deprecated fields. */
export type DataMoverBackupStatus = Omit<WrittenBackupStatus, 'saved' | 'strays'>;
export type BackupPhase = (typeof backupPhases)[number];

/** One backup of one volume. It is in the namespace of the PVC, and in the Velero backup as the record of where the data is. */
export interface DataMoverBackup extends Resource {
  spec: DataMoverBackupSpec;
  status?: DataMoverBackupStatus;
}
