import { cleanMover } from '../clean-mover.ts';
import {
  dataMoverPruneSpec,
  type DataMoverPrune,
  type DataMoverPruneStatus,
} from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import { dataMoverPrunes } from '../../../api/datamover/v1alpha1/kinds.ts';
import type {
  Mover,
  MoverOutcome,
  PruneFacts,
  RemovalFacts,
  RepositoryRequest,
} from '../../../movers/mover.ts';
import { ownerReferenceTo } from '../../../lifecycle/request/child-identity.ts';
import { checkMaintenance, checkMaintenanceSpec } from '../resolution/repository-maintenance.ts';
import { recover } from '../retry.ts';
import { admit, deletedTooEarly, followMover, stopUnwanted } from '../transfer-steps.ts';
import { checkpoint, done, failed, type Step, type StepResult } from '../../../lifecycle/request/step.ts';
import type { PruneScope } from './scope.ts';

/** The steps of a DataMoverPrune, in order. A step is skipped if its facts are recorded. */
export const pruneSteps: readonly Step<PruneScope>[] = [
  { name: 'check', run: check },
  { name: 'recover', run: recover },
  { name: 'admit', run: (scope) => admit(scope, 'prune', scope.request.metadata.uid ?? '') },
  { name: 'prune', run: prune },
  { name: 'remove repository', run: removeRepository },
];

/** The cleanup steps of a DataMoverPrune. */
export const pruneCleanup: readonly Step<PruneScope>[] = [cleanMover];

/**
 * Returns why the prune is no longer needed. A removal that has started continues, because half a repository would block the next
 * one.
 */
export function unwantedPrune(
  request: DataMoverPrune,
  { removingSince, prunedAt }: DataMoverPruneStatus,
): string | undefined {
  const isDone = prunedAt !== undefined && removingSince === undefined;
  return isDone || removingSince !== undefined ? undefined : deletedTooEarly(request);
}

function check({ request, status, env, resolved }: PruneScope): StepResult {
  const unwanted = unwantedPrune(request, status);
  if (unwanted !== undefined) return stopUnwanted(unwanted);
  const formed = checkMaintenanceSpec({ spec: request.spec, status }, dataMoverPruneSpec);
  if (formed.state !== 'done') return formed;
  const checked = checkMaintenance(request, request.spec, { resolved, protectedNamespace: env.namespace });
  if (checked.state === 'done') status.repositoryPath = request.spec.repository;
  return checked;
}

async function prune(scope: PruneScope): Promise<StepResult> {
  const { status, resolved, now } = scope;
  const { mover } = resolved;
  if (status.prunedAt !== undefined) return done;
  if (mover.prune === undefined)
    return failed(
      'InvalidRequest',
      `mover ${mover.name} does not prune: it frees space when it removes a backup`,
    );
  status.movingSince ??= now.toISOString();
  const outcome = await mover.prune(requestOf(scope));
  const isBegun = isGone(scope, outcome);
  return followMover(scope, isBegun ? GONE : outcome, (facts) => {
    Object.assign(status, facts, { prunedAt: now.toISOString() });
    if (isBegun || isUnwanted(scope)) {
      status.removingSince = now.toISOString();
      status.emptiedAt ??= status.removingSince;
      // The deadline for the start of the removal begins now.
      status.movingSince = now.toISOString();
    } else {
      delete status.lastFailure;
    }
    return checkpoint;
  });
}

/** The outcome of the prune if the repository was already removed. */
const GONE: MoverOutcome<PruneFacts> = { state: 'Done', facts: { snapshots: 0 } };

/** A missing repository was removed by this request if `emptiedAt` is recorded; otherwise it was never in this place. */
function isGone({ status }: PruneScope, outcome: MoverOutcome<PruneFacts>): boolean {
  const isMissing = outcome.state === 'Failed' && outcome.reason === 'RepositoryMissing';
  return isMissing && status.emptiedAt !== undefined;
}

/** Returns true if the repository is empty and no request waits for it. A waiting request uses it or leads to another prune. */
function isUnwanted({ env, request, status, resolved }: PruneScope): boolean {
  const { removeEmpty } = resolved.class.spec.repositories;
  if (!removeEmpty || status.snapshots !== 0) return false;
  return !env.admission.isAwaited(status.repositoryPath ?? '', request.metadata.uid ?? '');
}

async function removeRepository(scope: PruneScope): Promise<StepResult> {
  const { status, resolved, now } = scope;
  if (status.removingSince === undefined) return done;
  const { mover } = resolved;
  const outcome = (await mover.removeRepository?.(requestOf(scope))) ?? cannot(mover);
  return followMover(scope, outcome, ({ kept }) => {
    if (kept === undefined) status.removedAt = now.toISOString();
    else status.kept = kept;
    delete status.removingSince;
    delete status.lastFailure;
    return checkpoint;
  });
}

function cannot({ name }: Mover): MoverOutcome<RemovalFacts> {
  return { state: 'Done', facts: { kept: `mover ${name} cannot remove repositories` } };
}

function requestOf(scope: PruneScope): RepositoryRequest<unknown> {
  const { request, status, child, resolved, signal, assertCurrent } = scope;
  return {
    ...child,
    config: resolved.config,
    repositoryPath: status.repositoryPath ?? '',
    repositoryID: request.spec.repositoryID,
    owner: ownerReferenceTo(dataMoverPrunes, request),
    since: status.movingSince ?? '',
    signal,
    assertCurrent,
    veleroLocation: () => Promise.resolve({ name: request.spec.backupStorageLocation }),
  };
}
