import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { immutableSpec, maintenanceSpec, maintenanceStatus } from './request-schema.ts';
import { count, moverName, repositoryID, repositoryPath, text, time } from './schema.ts';

export const dataMoverPruneSpec = z
  .object({
    ...maintenanceSpec(
      { dataMoverClass: 'Name of the DataMoverClass of the removed data.', location: 'with the repository' },
      {
        mover: moverName.describe('Name of the mover that created the repository.'),
        repository: repositoryPath.describe(
          'Path of the repository below the base location, in the form prefix/cluster/namespace/pvc.',
        ),
        repositoryID: repositoryID
          .optional()
          .describe(
            'Identity that the repository must have. A repository with another identity at the same path is not changed. If absent, the identity is not checked.',
          ),
      },
    ),
    dueAt: time
      .optional()
      .describe(
        'Earliest start time. If absent, the prune starts as soon as no other request uses the repository.',
      ),
  })
  .describe('Desired prune. Immutable.')
  .meta(immutableSpec('DataMoverPrune'));

/** In the order of a successful prune; a failed one changes to `Retrying` and then to `Queued`. */
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
  .object(
    maintenanceStatus(prunePhases, {
      prunedAt: time.optional().describe('When the mover finished the prune.'),
      freedBytes: count.optional().describe('Number of bytes freed in the storage.'),
      remainingBytes: count.optional().describe('Number of bytes that remain in the repository.'),
      snapshots: count.optional().describe('Number of snapshots that the prune found in the repository.'),
      removingSince: time
        .optional()
        .describe('When the removal of the repository started. Absent unless it is in progress.'),
      emptiedAt: time
        .optional()
        .describe(
          'When the prune first found no snapshot in the repository and started to remove it. If set, a missing repository counts as removed; otherwise it is an error.',
        ),
      removedAt: time.optional().describe('When the repository was deleted from the storage.'),
      kept: text
        .optional()
        .describe('Why a repository without snapshots was not removed although its class enables that.'),
    }),
  )
  .describe('Observed state. Written by the controller only.');

export type DataMoverPruneSpec = z.infer<typeof dataMoverPruneSpec>;
export type DataMoverPruneStatus = z.infer<typeof dataMoverPruneStatus>;
export type PrunePhase = (typeof prunePhases)[number];

/** Requests a prune of one repository, which frees the space of removed data. Exists only in the protected namespace. */
export interface DataMoverPrune extends Resource {
  spec: DataMoverPruneSpec;
  status?: DataMoverPruneStatus;
}
