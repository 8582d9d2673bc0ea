import type { Condition } from '../../../../../api/kubernetes/meta.ts';
import type { ReplicationStatus, Trigger } from '../api.ts';
import { parseCron } from './cron.ts';
import { formatGoDuration } from './go-duration.ts';

/**
 * VolSync's state machine as pure functions: status fields determine the state, and each transition writes all fields that it
 * implies. As in VolSync, no state is terminal.
 */
export type SyncState = 'Initial' | 'Synchronizing' | 'CleaningUp';

/** Returns the state of a status. `CleaningUp` is also the idle state. */
export function stateOf(status: ReplicationStatus): SyncState {
  if (status.lastSyncStartTime !== undefined) return 'Synchronizing';
  return status.lastSyncTime === undefined ? 'Initial' : 'CleaningUp';
}

/** Returns RFC 3339 with whole seconds, the format of all times in these statuses. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Starts a sync. A new CR starts here, whatever its trigger. */
export function started(status: ReplicationStatus, now: number): ReplicationStatus {
  return inProgress({ ...status, lastSyncStartTime: formatTime(now) }, now);
}

export function inProgress(status: ReplicationStatus, now: number): ReplicationStatus {
  return withCondition(
    status,
    { status: 'True', reason: 'SyncInProgress', message: 'Synchronization in-progress' },
    now,
  );
}

/** Sets an error and keeps the state, so that the same step is retried. */
export function withError(status: ReplicationStatus, message: string, now: number): ReplicationStatus {
  return withCondition(status, { status: 'False', reason: 'Error', message }, now);
}

/**
 * Completes a sync. `lastManualSync` gets the *current* tag of the spec, even if another tag started the sync. A schedule that
 * cannot be parsed is detected only here, and its error leaves the sync unfinished.
 */
export function finished(
  status: ReplicationStatus,
  trigger: Trigger | undefined,
  now: number,
): ReplicationStatus {
  const { lastSyncStartTime, lastManualSync: _, ...rest } = status;
  const startedAt = lastSyncStartTime === undefined ? now : Date.parse(lastSyncStartTime);
  const manual = trigger?.manual ?? '';
  const times = { lastSyncTime: formatTime(now), lastSyncDuration: formatGoDuration(now - startedAt) };
  const synced: ReplicationStatus = {
    ...rest,
    ...times,
    ...(manual === '' ? {} : { lastManualSync: manual }),
  };
  try {
    return withCondition(
      withNextSync(synced, trigger),
      { status: 'False', reason: 'CleaningUp', message: 'Cleaning up' },
      now,
    );
  } catch (error) {
    return withError({ ...status, ...times }, error instanceof Error ? error.message : String(error), now);
  }
}

/** The next step of an idle CR; `waitMs` is set if it waits for a time. */
export interface IdleStep {
  status: ReplicationStatus;
  waitMs?: number;
}

/** After cleanup: starts again or waits, depending on the trigger. Without a trigger it starts at once, forever. */
export function idle(status: ReplicationStatus, trigger: Trigger | undefined, now: number): IdleStep {
  const next = withNextSync(status, trigger);
  const manual = trigger?.manual ?? '';
  if (manual === '')
    return (trigger?.schedule ?? '') === '' ? { status: started(next, now) } : onTime(next, now);
  if (manual !== status.lastManualSync) return { status: started(next, now) };
  const waiting = {
    status: 'False',
    reason: 'WaitingForManual',
    message: 'Waiting for manual trigger',
  } as const;
  return { status: withCondition(next, waiting, now) };
}

/** Idle with a schedule. If the schedule never occurs again, the wait never ends. */
function onTime(status: ReplicationStatus, now: number): IdleStep {
  const dueAt = status.nextSyncTime === undefined ? undefined : Date.parse(status.nextSyncTime);
  if (dueAt !== undefined && now > dueAt) return { status: started(status, now) };
  const waiting = withCondition(
    status,
    { status: 'False', reason: 'WaitingForSchedule', message: 'Waiting for next scheduled synchronization' },
    now,
  );
  // One millisecond later, because the sync starts only after the moment has passed.
  return dueAt === undefined ? { status: waiting } : { status: waiting, waitMs: dueAt - now + 1 };
}

/** `nextSyncTime` exists only with a schedule; a manual trigger takes precedence over a schedule. */
function withNextSync(status: ReplicationStatus, trigger: Trigger | undefined): ReplicationStatus {
  const { nextSyncTime: _, ...rest } = status;
  const schedule = trigger?.schedule ?? '';
  if (schedule === '' || (trigger?.manual ?? '') !== '' || status.lastSyncTime === undefined) return rest;
  const next = parseCron(schedule).next(Date.parse(status.lastSyncTime));
  return next === undefined ? rest : { ...rest, nextSyncTime: formatTime(next) };
}

/** `lastTransitionTime` changes only if the condition's status changes. */
function withCondition(
  status: ReplicationStatus,
  condition: Pick<Condition, 'status' | 'reason' | 'message'>,
  now: number,
): ReplicationStatus {
  const type = 'Synchronizing';
  const before = status.conditions?.find((entry) => entry.type === type);
  const lastTransitionTime =
    before?.status === condition.status ? before.lastTransitionTime : formatTime(now);
  const others = (status.conditions ?? []).filter((entry) => entry.type !== type);
  return { ...status, conditions: [...others, { type, ...condition, lastTransitionTime }] };
}
