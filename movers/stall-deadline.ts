import type { DataMoverClassSpec } from '../api/datamover/v1alpha1/data-mover-class.ts';
import type { FailureReason } from '../api/datamover/v1alpha1/reasons.ts';
import type { MoverOutcome } from './mover.ts';
import type { TimeLimits } from '../lifecycle/request/time-limits.ts';

/** Returns when a running mover is considered stalled. It depends on the time since the last activity, not on the total time. */
export function moverDeadline(
  outcome: Extract<MoverOutcome<unknown>, { state: 'InProgress' }>,
  status: {
    movingSince?: string | undefined;
    verification?: { since: string } | undefined;
    progress?: { updatedAt: string } | undefined;
  },
  {
    deadlines,
    limits,
    tellsBytes,
  }: { deadlines: DataMoverClassSpec['deadlines']; limits: TimeLimits; tellsBytes: boolean },
): { at: number; reason: FailureReason; message: string } | undefined {
  const { movingSince, verification, progress } = status;
  const since = latest([movingSince, verification?.since, outcome.lastActivity, progress?.updatedAt]);
  if (!outcome.started) {
    const seconds = deadlines.moverStartSeconds;
    return {
      at: limits.endOf(since, seconds),
      reason: outcome.reason ?? 'DeadlineExceeded',
      message: `the mover did not start within ${String(seconds)} s: ${outcome.message}`,
    };
  }
  // A mover that reports no bytes is not stalled if it is silent; another deadline limits its total time.
  if (!tellsBytes) return undefined;
  const seconds = deadlines.noProgressSeconds;
  return {
    at: limits.endOf(since, seconds),
    reason: 'DeadlineExceeded',
    message: `the mover made no progress for ${String(seconds)} s: ${outcome.message}`,
  };
}

/** Returns the latest time, ignoring texts that are not a time. */
function latest(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined && !Number.isNaN(Date.parse(time)))
    .sort((a = '', b = '') => Date.parse(a) - Date.parse(b))
    .at(-1);
}
