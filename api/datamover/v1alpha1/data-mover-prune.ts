import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { rules } from '../../schema/rules.ts';
import {
  conditions,
  count,
  failure,
  moverConfig,
  moverName,
  movingStatus,
  objectName,
  repositoryID,
  repositoryPath,
  requestStatus,
  retriedStatus,
  text,
  time,
  word,
} from './schema.ts';

export const dataMoverPruneSpec = z
  .object({
    dataMoverClass: objectName.optional().describe('Name of the class whose data was removed.'),
    mover: moverName.describe('The mover that made the repository.'),
    repository: repositoryPath.describe(
      'Path of the repository below the base that the repository secret names: prefix/cluster/namespace/pvc.',
    ),
    repositoryID: repositoryID
      .optional()
      .describe(
        'The identity that the repository must have; another one at its path is left alone. Absent: it is not checked.',
      ),
    backupStorageLocation: objectName
      .optional()
      .describe(
        'The storage location that holds the repository, by its name in this cluster. Used where the secret with the repository access names no repository and the class no location.',
      ),
    config: moverConfig.optional(),
    dueAt: time
      .optional()
      .describe('When it may begin. Absent: as soon as nothing else uses the repository.'),
  })
  .describe('Which repository, and when. Fixed at creation.')
  .meta(
    rules({
      rule: 'self == oldSelf',
      message: 'spec cannot be changed after creation; create another DataMoverPrune',
      reason: 'FieldValueForbidden',
    }),
  );

/** In the order of a prune that succeeds; one that fails goes to `Retrying` and from there back to `Queued`. */
export const prunePhases = [
  'Waiting',
  'Pending',
  'Queued',
  'Pruning',
  'Removing',
  'Retrying',
  'CleaningUp',
  'Completed',
  'Failed',
  'Canceled',
] as const;

export const dataMoverPruneStatus = z
  .object({
    phase: z.enum(prunePhases).optional().describe('The step it is at.'),
    ...requestStatus,
    dataMoverClass: word.optional().describe('The class that serves this request.'),
    mover: word.optional().describe('The mover that the class names.'),
    ...movingStatus,
    prunedAt: time.optional().describe('When the mover was through.'),
    freedBytes: count.optional().describe('What was given back to the storage.'),
    remainingBytes: count.optional().describe('What the repository holds since then.'),
    snapshots: count.optional().describe('How many snapshots it found in the repository.'),
    removingSince: time
      .optional()
      .describe('When the removal of the repository began. Absent while none is under way.'),
    emptiedAt: time
      .optional()
      .describe(
        'When it first found the repository without snapshots and began to remove it. A repository that is missing afterwards is gone by that; without it, a missing repository is a failure.',
      ),
    removedAt: time.optional().describe('When the repository was gone from the storage.'),
    kept: text
      .optional()
      .describe('Why a repository without snapshots is still there although its class wants it removed.'),
    ...retriedStatus,
    failure: failure.describe('Why it ended without success. Absent while it has not.').optional(),
    conditions: conditions.optional(),
  })
  .describe('What happened so far. Written by the controller only.');

export type DataMoverPruneSpec = z.infer<typeof dataMoverPruneSpec>;
export type DataMoverPruneStatus = z.infer<typeof dataMoverPruneStatus>;
export type PrunePhase = (typeof prunePhases)[number];

/** The wish to give back the space of what was removed from one repository. Lives in the protected namespace only. */
export interface DataMoverPrune extends Resource {
  spec: DataMoverPruneSpec;
  status?: DataMoverPruneStatus;
}
