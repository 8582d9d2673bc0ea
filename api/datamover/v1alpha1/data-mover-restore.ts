import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { existingClaimPolicies } from './existing-claim-policies.ts';
import { immutable, rules, settableOnce, type CelRule } from '../../schema/rules.ts';
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
  count,
  failure,
  objectName,
  progress,
  snapshotID,
  time,
  verification,
  volume,
  word,
} from './schema.ts';

const remedy = 'create another DataMoverRestore';

const CLASS =
  'Name of the DataMoverClass. If absent, the class in the record of the backup is used, otherwise it is resolved from the annotation and labels of the destination PVC, otherwise the default class is used.';

/** The parts of a backup's record that a restore needs. */
const record = z.object({
  backupName: objectName.optional().describe('Name of the DataMoverBackup.'),
  backupNamespace: objectName
    .optional()
    .describe('Namespace of the DataMoverBackup, in the cluster of the backup.'),
  dataMoverClass: objectName.optional().describe('Name of the DataMoverClass that served the backup.'),
  result: backupResult
    .optional()
    .describe('Result of the backup. If absent, the backup did not complete and the restore fails.'),
  failure: failure.optional().describe('Why the backup did not complete.'),
  volume: volume.optional(),
});

export const dataMoverRestoreSpec = z
  .object(
    cancelableSpec('restore', CLASS, {
      DataMoverClass: objectName.optional().describe('Alias of `dataMoverClass`. Set only one of the two.'),
      installation: installation.optional(),
      destinationClaimRef: z
        .object({
          name: objectName.describe('Name of the destination PVC.'),
          namespace: objectName
            .optional()
            .describe(
              'Namespace of the destination PVC. Must be the namespace of this object, which is the default.',
            ),
        })
        .describe('The PVC that receives the data. It may be created after this object.'),
      source: record
        .optional()
        .describe(
          'Record of the backup, copied from the status of the DataMoverBackup. Can be set once, also after creation, as long as `status.source` is absent. If absent in a restore created by hand, the newest completed DataMoverBackup of the destination PVC in this namespace is used. A restore created by a Velero restore waits for it.',
        ),
      existingClaimPolicy: z
        .enum(existingClaimPolicies)
        .optional()
        .describe(
          'What to do if the destination PVC is already bound to a volume. `Fail`, the default: the restore fails and the data is not changed. `Overwrite`: once the restored data is proved, the PVC is replaced by one with the same name and content that has the restored volume, and the former volume is reclaimed according to its reclaim policy. No pod may use the PVC during the restore.',
        ),
    }),
  )
  .describe('Desired restore. Immutable, except for `cancel` and an absent `source`.')
  .meta(
    rules(
      {
        rule: '!(has(self.dataMoverClass) && has(self.DataMoverClass))',
        message: 'dataMoverClass and DataMoverClass are two spellings of one field; set only one of them',
        fieldPath: '.DataMoverClass',
      },
      ...cancelableRules(remedy, [
        immutable('DataMoverClass', remedy),
        immutable('installation', remedy),
        immutable('destinationClaimRef', remedy),
        settableOnce('source'),
        immutable('existingClaimPolicy', remedy),
      ]),
    ),
  );

/** In order: a request only moves to the right, or to one of the last two. */
export const restorePhases = [
  'Pending',
  'Queued',
  'Staging',
  'Moving',
  'Verifying',
  'HandingOver',
  'CleaningUp',
  'Completed',
  'Failed',
  'Canceled',
] as const;

/** Stored with all fields, because the PVC is created again from it. */
const replacedClaim = z
  .looseObject({})
  .describe('The PVC right before it was deleted.')
  .meta({ 'x-kubernetes-preserve-unknown-fields': true });

export const dataMoverRestoreStatus = z
  .object({
    ...requestStatus(restorePhases),
    source: record
      .optional()
      .describe('Record that was chosen because `spec.source` was absent. Set before any object is created.'),
    ...servedStatus('restore'),
    destinationUID: word
      .optional()
      .describe('UID of the destination PVC. Another PVC with the same name does not get the data.'),
    ...movingStatus,
    progress: progress.optional(),
    restored: z
      .object({
        snapshotID: snapshotID
          .optional()
          .describe('Id of the restored snapshot. Absent only if `empty` is true.'),
        bytes: count.optional().describe('Size of the data, in bytes.'),
        files: count.optional().describe('Number of files.'),
        empty: z.boolean().optional().describe('True if the volume was empty at the time of the backup.'),
        notPreserved: z
          .string()
          .max(2048)
          .optional()
          .describe(
            'What differs from the backup although all contents are restored: owners, attributes, devices, the root folder.',
          ),
      })
      .optional()
      .describe('What the mover restored. Present only if it matches the record of the backup.'),
    verification: verification.optional(),
    replaces: z
      .object({
        persistentVolume: word.describe(
          'Name of the PersistentVolume that the destination PVC was bound to before.',
        ),
        reclaimPolicy: word.describe('Reclaim policy of that volume.'),
        setAsideAt: time
          .optional()
          .describe(
            'When the volume was detached from the PVC, so that no pod can start with data that will be replaced.',
          ),
        claim: replacedClaim.optional(),
        outcome: z
          .enum(['Released', 'RolledBack', 'Kept', 'PutBack'])
          .optional()
          .describe(
            'Outcome for that volume. Released: reclaimed according to its policy. RolledBack: bound to the PVC again. Kept: another PVC with that name was created, so the volume was kept with policy Retain. PutBack: deprecated, the former name of RolledBack.',
          ),
      })
      .optional()
      .describe('The volume that this restore replaces. Present only with `existingClaimPolicy: Overwrite`.'),
    handOver: z
      .object({
        persistentVolume: word.describe('Name of the PersistentVolume with the restored data.'),
        reclaimPolicy: word.describe('Reclaim policy that the volume gets at the end.'),
        boundAt: time.optional().describe('When the destination PVC was bound to the volume.'),
      })
      .optional()
      .describe('Hand-over of the restored volume to the destination PVC. Present once it has started.'),
    ...outcomeStatus,
  })
  .describe('Observed state. Written by the controller only.');

/** Once a record was chosen, `spec.source` cannot change it. */
export const chosenSource: CelRule = {
  rule: 'has(self.spec.source) == has(oldSelf.spec.source) || !has(oldSelf.status) || !has(oldSelf.status.source)',
  message:
    'spec.source cannot be set: the restore has already chosen the record in status.source; create another DataMoverRestore',
  fieldPath: '.spec.source',
  reason: 'FieldValueForbidden',
};

/** The spec as the API server accepts it. */
export type WrittenRestoreSpec = z.infer<typeof dataMoverRestoreSpec>;

/** The spec without aliases. */
export type DataMoverRestoreSpec = Omit<WrittenRestoreSpec, 'DataMoverClass'>;

/** The status as the API server accepts it. */
export type WrittenRestoreStatus = z.infer<typeof dataMoverRestoreStatus>;

type WrittenReplaces = NonNullable<WrittenRestoreStatus['replaces']>;

/** The status without deprecated values. */
export type DataMoverRestoreStatus = Omit<WrittenRestoreStatus, 'replaces'> & {
  replaces?: Omit<WrittenReplaces, 'outcome'> & {
    outcome?: Exclude<WrittenReplaces['outcome'], 'PutBack'>;
  };
};
export type RestorePhase = (typeof restorePhases)[number];

/** One restore of one volume into one PVC of its own namespace. */
export interface DataMoverRestore extends Resource {
  spec: DataMoverRestoreSpec;
  status?: DataMoverRestoreStatus;
}
