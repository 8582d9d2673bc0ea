import { z } from 'zod';
import { immutable, latching, rules, type CelRule } from '../../schema/rules.ts';
import {
  conditions,
  count,
  failure,
  moverConfig,
  objectName,
  repositoryPath,
  text,
  time,
  word,
} from './schema.ts';

/* eslint-disable @typescript-eslint/explicit-module-boundary-types -- zod infers the types of the kinds from these shapes */

/** What the kinds of requests share in spec and status. The fields of one kind are between the shared ones. */

/** Returns the spec fields of every kind. `dataMoverClass` is the description of that field. */
export function requestSpec<Own extends z.ZodRawShape>(dataMoverClass: string, own: Own) {
  return {
    dataMoverClass: objectName.optional().describe(dataMoverClass),
    ...own,
    config: moverConfig.optional(),
  };
}

/** Returns the spec fields of a kind that can be canceled. */
export function cancelableSpec<Own extends z.ZodRawShape>(request: string, dataMoverClass: string, own: Own) {
  return {
    ...requestSpec(dataMoverClass, own),
    cancel: z
      .boolean()
      .optional()
      .describe(`Set to true to cancel the ${request}, which then ends in phase Canceled. Cannot be unset.`),
  };
}

/** Returns the rules of {@link cancelableSpec}; `own` are those of the kind's own fields. */
export function cancelableRules(remedy: string, own: readonly CelRule[]): readonly CelRule[] {
  return [immutable('dataMoverClass', remedy), ...own, immutable('config', remedy), latching('cancel')];
}

/** Returns the spec fields of a kind that maintains a repository after the Velero backup was deleted. */
export function maintenanceSpec<Own extends z.ZodRawShape>(
  { dataMoverClass, location }: { dataMoverClass: string; location: string },
  own: Own,
) {
  return requestSpec(dataMoverClass, {
    ...own,
    backupStorageLocation: objectName
      .optional()
      .describe(
        `Name of the BackupStorageLocation ${location}, in this cluster. Used if neither the repository secret nor the class contains a location.`,
      ),
  });
}

/** Returns the rule that a spec cannot be changed. */
export function immutableSpec(kind: string): ReturnType<typeof rules> {
  return rules({
    rule: 'self == oldSelf',
    message: `spec cannot be changed after creation; create another ${kind}`,
    reason: 'FieldValueForbidden',
  });
}

/** The installation that serves a request, if the cluster has several. */
export const installation = objectName.describe(
  "Velero's namespace of the installation that serves this request. The plugin sets it. If absent, the installation of the class serves the request. Only users with the verb `attest` may set it.",
);

export const queue = z
  .object({
    ahead: count.describe(
      'Number of requests that will be admitted before this one. Updated within 30 seconds for the first ten; further back it is updated when half of the requests ahead have ended.',
    ),
    reason: text.describe('What the request waits for.'),
  })
  .describe('Position in the queue. Present only while the request waits for a slot.');

/** Returns the first status fields of every kind. */
export function requestStatus<const Phases extends readonly string[]>(phases: Phases) {
  return {
    phase: z.enum(phases).optional().describe('Current phase.'),
    ...commonStatus,
  };
}

const commonStatus = {
  message: text.optional().describe('Human-readable summary of the current phase, in one line.'),
  observedGeneration: z
    .int()
    .optional()
    .describe('The `metadata.generation` that the controller last acted on.'),
  servedBy: word
    .optional()
    .describe(
      'The controller that serves this request, as namespace and name of its Lease, for example `velero/datamover-controller`. No other controller changes the request.',
    ),
  startTimestamp: time.optional().describe('When the controller started to process the request.'),
  completionTimestamp: time.optional().describe('When the request reached a terminal phase.'),
};

/** Returns the status fields about the class of a request. */
export function servedStatus(request: string) {
  return {
    dataMoverClass: word.optional().describe(`Name of the DataMoverClass that serves this ${request}.`),
    mover: word.optional().describe('Name of the mover of the class.'),
  };
}

/** Status fields of requests that wait for a slot and then run a mover. */
export const movingStatus = {
  repositoryPath: repositoryPath
    .optional()
    .describe('Path of the repository. Requests for the same repository run one at a time.'),
  queue: queue.optional(),
  node: word.optional().describe('Name of the node that the mover runs on or must run on, if known.'),
  admittedAt: time.optional().describe('When the request was admitted.'),
  movingSince: time.optional().describe('When the mover was started.'),
};

const retriedStatus = {
  failedTries: count.optional().describe('Number of failed tries.'),
  lastFailure: failure.describe('Why the last try failed.').optional(),
  retryAt: time.optional().describe('When the next try starts. Absent unless the request waits for it.'),
};

/** The last status fields of every kind. */
export const outcomeStatus = { failure: failure.optional(), conditions: conditions.optional() };

/** Returns the status fields of a kind that maintains a repository; a failed try is repeated. */
export function maintenanceStatus<const Phases extends readonly string[], Own extends z.ZodRawShape>(
  phases: Phases,
  own: Own,
) {
  return {
    ...requestStatus(phases),
    ...servedStatus('request'),
    ...movingStatus,
    ...own,
    ...retriedStatus,
    ...outcomeStatus,
  };
}
