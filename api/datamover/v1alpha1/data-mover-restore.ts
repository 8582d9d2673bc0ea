import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { existingClaimPolicies } from './existing-claim-policies.ts';
import { immutable, latching, rules, settableOnce, type CelRule } from '../../schema/rules.ts';
import {
  backupResult,
  conditions,
  count,
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

const remedy = 'create another DataMoverRestore';

/** The record of a backup, as a restore needs it. */
const record = z.object({
  backupName: objectName.optional().describe('The DataMoverBackup whose record this is.'),
  backupNamespace: objectName.optional().describe('Its namespace, in the cluster of the backup.'),
  dataMoverClass: objectName.optional().describe('The class that served it.'),
  result: backupResult
    .optional()
    .describe('Its result. Absent when the backup did not complete: the restore then fails.'),
  failure: failure.optional().describe('Why the backup did not complete.'),
  volume: volume.optional(),
});

export const dataMoverRestoreSpec = z
  .object({
    dataMoverClass: objectName
      .optional()
      .describe(
        "Name of the class. Absent: the class named in the record, else resolved from the destination's annotation and labels, else the default.",
      ),
    DataMoverClass: objectName
      .optional()
      .describe('Another spelling of `dataMoverClass`. A restore may have only one of the two.'),
    installation: installation.optional(),
    destinationClaimRef: z
      .object({
        name: objectName.describe('Its name.'),
        namespace: objectName
          .optional()
          .describe('Must be the namespace of this object; absent means the same.'),
      })
      .describe('The PVC that receives the data. It may appear after this object.'),
    source: record
      .optional()
      .describe(
        "The record of the backup, copied from the DataMoverBackup's status. May be set once, also after creation, as long as `status.source` is absent. Absent in a restore made by hand: that of the newest completed DataMoverBackup of the destination PVC in this namespace. A restore that a Velero restore has made waits for it.",
      ),
    existingClaimPolicy: z
      .enum(existingClaimPolicies)
      .optional()
      .describe(
        'What happens when the destination PVC has a volume already. `Fail`, the default: the restore fails and the data is left alone. `Overwrite`: once the restored data is proved, the PVC is replaced by one of the same name and content that has the restored volume; the former volume then goes as its reclaim policy says. Nobody may use the PVC meanwhile.',
      ),
    config: moverConfig.optional(),
    cancel: z
      .boolean()
      .optional()
      .describe('Set to true to stop the restore; it ends as Canceled. Cannot be taken back.'),
  })
  .describe('What to restore, and into which PVC. Fixed at creation, except `cancel` and an absent `source`.')
  .meta(
    rules(
      {
        rule: '!(has(self.dataMoverClass) && has(self.DataMoverClass))',
        message: 'dataMoverClass and DataMoverClass are two spellings of one field; set only one of them',
        fieldPath: '.DataMoverClass',
      },
      immutable('dataMoverClass', remedy),
      immutable('DataMoverClass', remedy),
      immutable('installation', remedy),
      immutable('destinationClaimRef', remedy),
      settableOnce('source'),
      immutable('existingClaimPolicy', remedy),
      immutable('config', remedy),
      latching('cancel'),
    ),
  );

/** Order matters: a request only ever moves to the right, or to one of the last two. */
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

/** Kept as it is, whatever it says, since the PVC is made anew from it. */
const replacedClaim = z
  .looseObject({})
  .describe('The PVC as it was right before it was removed. Present from then on.')
  .meta({ 'x-kubernetes-preserve-unknown-fields': true });

export const dataMoverRestoreStatus = z
  .object({
    phase: z.enum(restorePhases).optional().describe('The step it is at.'),
    ...requestStatus,
    source: record
      .optional()
      .describe(
        'The record that was chosen because `spec.source` was absent. Present before anything is made.',
      ),
    dataMoverClass: word.optional().describe('The class that serves this restore.'),
    mover: word.optional().describe('The mover that the class names.'),
    destinationUID: word
      .optional()
      .describe('The destination PVC as it was found. Another one of its name does not get the data.'),
    ...movingStatus,
    progress: progress.optional(),
    restored: z
      .object({
        snapshotID: snapshotID
          .optional()
          .describe('The snapshot that was restored. Absent only when `empty`.'),
        bytes: count.optional().describe('Size of the data.'),
        files: count.optional().describe('Number of files.'),
        empty: z.boolean().optional().describe('True when the record says that the volume held nothing.'),
        notPreserved: z
          .string()
          .max(2048)
          .optional()
          .describe(
            'What is not as it was although all contents are back: owners, attributes, devices, the root folder.',
          ),
      })
      .optional()
      .describe(
        'What the mover wrote, as the mover itself says. Present only when it is what the record asks for.',
      ),
    verification: verification.optional(),
    replaces: z
      .object({
        persistentVolume: word.describe('The volume that the destination PVC had before.'),
        reclaimPolicy: word.describe('Its policy.'),
        setAsideAt: time
          .optional()
          .describe('Since when the PVC is without it, so that no pod can start on what is to be replaced.'),
        claim: replacedClaim.optional(),
        outcome: z
          .enum(['Released', 'PutBack', 'Kept'])
          .optional()
          .describe(
            'What became of that volume. Released: it went as its policy says. PutBack: it is the volume of the PVC again. Kept: somebody else has made a PVC of that name meanwhile, so it stays, with policy Retain.',
          ),
      })
      .optional()
      .describe('What this restore replaces. Present only with `existingClaimPolicy: Overwrite`.'),
    handOver: z
      .object({
        persistentVolume: word.describe('The volume that goes to the destination claim.'),
        reclaimPolicy: word.describe('The policy it gets at the end.'),
        boundAt: time.optional().describe('When the destination claim was bound to it.'),
      })
      .optional()
      .describe('The volume on its way to the destination claim. Present once that has begun.'),
    failure: failure.optional(),
    conditions: conditions.optional(),
  })
  .describe('What happened so far. Written by the controller only.');

/** A record that was chosen stays the one that is restored. */
export const chosenSource: CelRule = {
  rule: 'has(self.spec.source) == has(oldSelf.spec.source) || !has(oldSelf.status) || !has(oldSelf.status.source)',
  message:
    'spec.source cannot be set any more: the restore has chosen the record in status.source; create another DataMoverRestore',
  fieldPath: '.spec.source',
  reason: 'FieldValueForbidden',
};

/** The spec as the API server takes it. */
export type WrittenRestoreSpec = z.infer<typeof dataMoverRestoreSpec>;

/** The spec with the one spelling that the code knows. */
export type DataMoverRestoreSpec = Omit<WrittenRestoreSpec, 'DataMoverClass'>;

export type DataMoverRestoreStatus = z.infer<typeof dataMoverRestoreStatus>;
export type ReplacedClaim = z.infer<typeof replacedClaim>;
export type RestorePhase = (typeof restorePhases)[number];

/** One restore of one volume into one PVC of its own namespace. */
export interface DataMoverRestore extends Resource {
  spec: DataMoverRestoreSpec;
  status?: DataMoverRestoreStatus;
}
