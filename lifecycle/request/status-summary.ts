import type { Condition } from '../../api/kubernetes/meta.ts';
import { conditionReasons, conditionTypes, leftBehind } from '../../api/common/conditions.ts';
import { setCondition } from '../../kube/status/conditions.ts';
import { plainText } from './plain-text.ts';
import { type Fact, type RequestResource, type AnyRequestType } from './request-type.ts';
import { isFinal, type RequestStatus } from '../request-status.ts';
import type { CleanupResult } from './run-cleanup.ts';
import type { PassResult } from './step.ts';

/** Derives phase, message, times and conditions from the facts in the draft. */
export function summarise(
  type: AnyRequestType,
  draft: { request: RequestResource; status: RequestStatus; now: Date },
  { pass, over }: CleanupResult,
): void {
  const { request, status, now } = draft;
  // A request in any other step no longer waits for a slot.
  if (pass.step !== undefined && pass.step !== 'admit') delete status.queue;
  plain(status);
  const phase = phaseOf(type, status, over !== undefined);
  status.phase = phase;
  dropPast(status, phase);
  status.observedGeneration = request.metadata.generation ?? 0;
  if (isFinal(phase)) status.completionTimestamp ??= now.toISOString();
  status.message = messageOf(type, status, pass);
  const facts: Fact[] = [
    ...type.facts(status),
    // The condition appears when the cleanup begins; its transition time records the beginning.
    ...(phase === 'CleaningUp' || isFinal(phase) ? [cleanedUp(over?.left)] : []),
    [conditionTypes.ready, phase === 'Completed'],
  ];
  const { generation } = request.metadata;
  status.conditions = conditionsOf(status, facts, pass, {
    now,
    ...(generation !== undefined && { generation }),
  });
}

/** Removes fields that describe a phase that has passed. */
function dropPast(status: RequestStatus, phase: string): void {
  if (phase !== 'Queued') delete status.queue;
  if (phase === 'CleaningUp' || isFinal(phase)) delete status.retryAt;
}

/** Makes recorded failures plain text: they quote text from outside. */
function plain(status: RequestStatus): void {
  for (const key of ['failure', 'lastFailure'] as const) {
    const failure = status[key];
    if (failure !== undefined) status[key] = { ...failure, message: plainText(failure.message) };
  }
}

function cleanedUp(left: readonly string[] | undefined): Fact {
  if (left === undefined) return [conditionTypes.cleanedUp, false];
  return [
    conditionTypes.cleanedUp,
    left.length === 0,
    { reason: leftBehind, message: plainText(left.join('; ')) },
  ];
}

function phaseOf(type: AnyRequestType, status: RequestStatus, isOver: boolean): string {
  const { failure } = status;
  if (failure === undefined && !type.succeeded(status)) return type.phase(status);
  if (!isOver) return 'CleaningUp';
  if (failure === undefined) return 'Completed';
  return failure.reason === 'Canceled' ? 'Canceled' : 'Failed';
}

function messageOf(type: AnyRequestType, status: RequestStatus, { result }: PassResult): string | undefined {
  if (status.failure !== undefined) return status.failure.message;
  if (status.phase === 'Completed') return plainText(type.successMessage(status));
  return 'message' in result ? plainText(result.message) : status.lastFailure?.message;
}

/**
 * Returns the conditions. The first one that is false carries the message of the current wait; after a failure, all false ones
 * carry the failure.
 */
function conditionsOf(
  status: RequestStatus,
  facts: readonly Fact[],
  { result }: PassResult,
  { now, generation }: { now: Date; generation?: number },
): Condition[] {
  const open = facts.find(([type, holds]) => !holds && type !== conditionTypes.ready)?.[0];
  const message = 'message' in result ? plainText(result.message) : '';
  return facts.reduce<Condition[]>((conditions, [type, holds, own]) => {
    const pending =
      type === open
        ? { reason: status.phase ?? 'Pending', message }
        : { reason: conditionReasons.pending, message: '' };
    const because = holds
      ? { reason: conditionReasons.succeeded, message: '' }
      : (own ?? status.failure ?? status.lastFailure ?? pending);
    return setCondition(
      conditions,
      {
        type,
        status: holds ? 'True' : 'False',
        ...because,
        ...(generation !== undefined && { observedGeneration: generation }),
      },
      now,
    );
  }, status.conditions ?? []);
}
