import { formatKey, keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { excludeClaims } from '../../volumes/exposure/exclude-from-velero.ts';
import type { AccessRequest, MoverOutcome, MoverProgress, RequestKind } from '../../movers/mover.ts';
import { moverDeadline } from '../../movers/stall-deadline.ts';
import { positionToShow, type Position } from '../../lifecycle/admission/position.ts';
import { recordProgress } from '../../movers/progress.ts';
import type { DataMoverScope, DataMoverStatus } from './request-type.ts';
import {
  checkpoint,
  done,
  failed,
  waiting,
  type StepResult,
  type Waiting,
} from '../../lifecycle/request/step.ts';

/** Steps that backups and restores share. */

/** The status of a request that waits for a slot and then moves data. */
export interface MovingStatus extends DataMoverStatus {
  repositoryPath?: string | undefined;
  queue?: Position | undefined;
  node?: string | undefined;
  admittedAt?: string | undefined;
  movingSince?: string | undefined;
  verification?: { since: string } | undefined;
  progress?: (MoverProgress & { updatedAt: string }) | undefined;
}

/** Returns why a request is no longer needed: it was deleted or canceled; else `undefined`. */
export function unwantedBy(
  request: Resource & { spec: { cancel?: boolean | undefined } },
): string | undefined {
  return deletedTooEarly(request) ?? (request.spec.cancel === true ? 'canceled by spec.cancel' : undefined);
}

/** Returns why a request that cannot be canceled is no longer needed: it was deleted; else `undefined`. */
export function deletedTooEarly(request: Resource): string | undefined {
  if (request.metadata.deletionTimestamp === undefined) return undefined;
  return `${formatKey(keyOf(request))} was deleted before it was completed`;
}

/** Fails a request as Canceled if it is no longer needed. */
export function stopUnwanted(reason: string | undefined): StepResult {
  return reason === undefined ? done : failed('Canceled', reason);
}

/** Fails a request if the mover reports that its repository is not accessible. */
export async function checkAccess<Status extends DataMoverStatus>(
  { resolved, signal }: Pick<DataMoverScope<Status>, 'resolved' | 'signal'>,
  kind: RequestKind,
  veleroLocation: AccessRequest<unknown>['veleroLocation'],
): Promise<StepResult> {
  const { mover, config } = resolved;
  const refusal = await mover.checkAccess?.({ kind, config, veleroLocation, signal });
  return refusal === undefined ? done : failed(refusal.reason, refusal.message);
}

/** Waits for a slot. The status must contain the repository by then. */
export function admit<Status extends MovingStatus>(
  { status, env, resolved, now }: DataMoverScope<Status>,
  kind: RequestKind,
  uid: string,
): StepResult {
  if (status.admittedAt !== undefined) return done;
  const decision = env.admission.decide(kind, {
    uid,
    pool: resolved.class.metadata.name,
    mutex: status.repositoryPath ?? '',
    node: status.node,
  });
  if (!decision.admitted) {
    const { ahead, reason } = positionToShow(status.queue, decision);
    status.queue = { ahead, reason };
    return waiting(`queued, ${String(ahead)} ahead: ${reason}`);
  }
  delete status.queue;
  status.admittedAt = now.toISOString();
  // The slot belongs to the request only after the status is stored.
  return checkpoint;
}

/** Limits the time from admission to a ready staging claim. */
export function boundStaging<Status extends MovingStatus>(
  scope: DataMoverScope<Status>,
  result: StepResult,
): StepResult {
  const { status, resolved, limits } = scope;
  if (result.state !== 'waiting') return result;
  const seconds = resolved.deadlines.stagingSeconds;
  return boundTotal(scope, {
    ...result,
    deadline: {
      at: limits.endOf(status.admittedAt, seconds),
      reason: 'StagingFailed',
      message: `no staging volume after ${String(seconds)} s: ${result.message}`,
    },
  });
}

/** Limits the time from admission to the end of the transfer, in addition to the deadlines of the steps. */
function boundTotal<Status extends MovingStatus>(
  { status, resolved, limits }: DataMoverScope<Status>,
  result: Waiting,
): Waiting {
  const seconds = resolved.deadlines.totalSeconds;
  const at = limits.endOf(status.admittedAt, seconds);
  if (result.deadline !== undefined && result.deadline.at <= at) return result;
  const message = `not done ${String(seconds)} s after admission: ${result.message}`;
  return { ...result, deadline: { at, message } };
}

/** Excludes the staging claims from Velero's backups as soon as they exist. */
export function excludeStaging<Status extends MovingStatus>({
  env,
  child,
  resolved,
  signal,
}: DataMoverScope<Status>): Promise<void> {
  return excludeClaims(env, [child.name, ...resolved.mover.claimsOf(child)], signal);
}

/** Translates the outcome of the mover to a step result; `record` stores the facts of a success. */
export function followMover<Facts, Status extends MovingStatus>(
  scope: DataMoverScope<Status>,
  outcome: MoverOutcome<Facts>,
  record: (facts: Facts) => StepResult,
): StepResult {
  const { status, resolved, now, limits } = scope;
  switch (outcome.state) {
    case 'InProgress': {
      recordProgress(status, outcome.progress, now);
      if (outcome.node !== undefined) status.node = outcome.node;
      const deadline = moverDeadline(outcome, status, {
        deadlines: resolved.deadlines,
        limits,
        tellsBytes: resolved.mover.capabilities.byteProgress,
      });
      return boundTotal(scope, {
        ...waiting(outcome.message),
        ...(deadline !== undefined && { deadline }),
        ...(outcome.requeueAfterMs !== undefined && { requeueAfterMs: outcome.requeueAfterMs }),
      });
    }
    case 'Failed':
      return failed(outcome.reason, outcome.message);
    case 'Done':
      return record(outcome.facts);
  }
}
