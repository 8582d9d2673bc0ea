import type { Resource } from '../../api/kubernetes/meta.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { hideClaims } from '../../volumes/exposure/hide.ts';
import type { AccessRequest, MoverOutcome, MoverProgress, RequestKind } from '../../movers/mover.ts';
import type { ChildIdentity } from '../../lifecycle/request/child-identity.ts';
import { moverDeadline } from '../../movers/stall-deadline.ts';
import { positionToTell, type Position } from '../../lifecycle/admission/position.ts';
import { recordProgress } from '../../movers/progress.ts';
import type { RequestStatus } from '../../lifecycle/request/request-type.ts';
import type { DataMoverScope } from './request-type.ts';
import {
  checkpoint,
  done,
  failed,
  waiting,
  type StepResult,
  type Waiting,
} from '../../lifecycle/request/step.ts';

/** What a backup and a restore do alike on their way. */

/** The status of a request that waits for a place and then moves data. */
export interface MovingStatus extends RequestStatus {
  repositoryPath?: string | undefined;
  queue?: Position | undefined;
  node?: string | undefined;
  admittedAt?: string | undefined;
  movingSince?: string | undefined;
  verification?: { since: string } | undefined;
  progress?: (MoverProgress & { updatedAt: string }) | undefined;
}

/** Why the owner of a request does not need it any more; `undefined` if nothing says so. */
export function unwantedBy(
  request: Resource & { spec: { cancel?: boolean | undefined } },
): string | undefined {
  return deletedTooEarly(request) ?? (request.spec.cancel === true ? 'canceled by spec.cancel' : undefined);
}

/** The same for a kind that cannot be canceled. */
export function deletedTooEarly(request: Resource): string | undefined {
  if (request.metadata.deletionTimestamp === undefined) return undefined;
  return `${formatKey(keyOf(request))} was deleted before it was completed`;
}

/** Ends a request that its kind calls unwanted. */
export function stopUnwanted(reason: string | undefined): StepResult {
  return reason === undefined ? done : failed('Canceled', reason);
}

/** Fails a request whose way to its repository is known not to lead there. */
export async function checkAccess<Status extends RequestStatus>(
  { serving, signal }: Pick<DataMoverScope<Status>, 'serving' | 'signal'>,
  kind: RequestKind,
  veleroLocation: AccessRequest<unknown>['veleroLocation'],
): Promise<StepResult> {
  const { mover, config } = serving;
  const refusal = await mover.checkAccess?.({ kind, config, veleroLocation, signal });
  return refusal === undefined ? done : failed(refusal.reason, refusal.message);
}

/** Waits for a place among the running requests. The repository must be in the status by then. */
export function admit<Status extends MovingStatus>(
  { status, env, serving, now }: DataMoverScope<Status>,
  kind: RequestKind,
  uid: string,
): StepResult {
  if (status.admittedAt !== undefined) return done;
  const decision = env.admission.decide(kind, {
    uid,
    className: serving.class.metadata.name,
    repository: status.repositoryPath ?? '',
    node: status.node,
  });
  if (!decision.admitted) {
    const { ahead, reason } = positionToTell(status.queue, decision);
    status.queue = { ahead, reason };
    return waiting(`queued, ${String(ahead)} ahead: ${reason}`);
  }
  delete status.queue;
  status.admittedAt = now.toISOString();
  // The place is ours only once it is written down.
  return checkpoint;
}

/** Bounds the time between admission and a staging volume. */
export function boundStaging<Status extends MovingStatus>(
  scope: DataMoverScope<Status>,
  result: StepResult,
): StepResult {
  const { status, serving, limits } = scope;
  if (result.state !== 'waiting') return result;
  const seconds = serving.class.spec.deadlines.stagingSeconds;
  return boundTotal(scope, {
    ...result,
    deadline: {
      at: limits.endOf(status.admittedAt, seconds),
      reason: 'StagingFailed',
      message: `no staging volume after ${String(seconds)} s: ${result.message}`,
    },
  });
}

/** Bounds the way from admission to the end of the transfer as a whole, beside what bounds its steps. */
function boundTotal<Status extends MovingStatus>(
  { status, serving, limits }: DataMoverScope<Status>,
  result: Waiting,
): Waiting {
  const seconds = serving.class.spec.deadlines.totalSeconds;
  const at = limits.endOf(status.admittedAt, seconds);
  if (result.deadline !== undefined && result.deadline.at <= at) return result;
  const message = `not done ${String(seconds)} s after admission: ${result.message}`;
  return { ...result, deadline: { at, message } };
}

/** Keeps the volumes under a transfer out of Velero's backups, as soon as they are there. */
export function hideStaging<Status extends MovingStatus>({
  env,
  child,
  serving,
  signal,
}: DataMoverScope<Status> & { child: ChildIdentity }): Promise<void> {
  return hideClaims(env, [child.name, ...serving.mover.claimsOf(child)], signal);
}

/** What a look at the mover means for the request; `record` keeps the facts of a success. */
export function followMover<Facts, Status extends MovingStatus>(
  scope: DataMoverScope<Status>,
  outcome: MoverOutcome<Facts>,
  record: (facts: Facts) => StepResult,
): StepResult {
  const { status, serving, now, limits } = scope;
  switch (outcome.state) {
    case 'InProgress': {
      recordProgress(status, outcome.progress, now);
      if (outcome.node !== undefined) status.node = outcome.node;
      const deadline = moverDeadline(outcome, status, {
        deadlines: serving.class.spec.deadlines,
        limits,
        tellsBytes: serving.mover.capabilities.byteProgress,
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
