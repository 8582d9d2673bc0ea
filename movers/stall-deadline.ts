import type { DataMoverClassSpec } from '../api/datamover/v1alpha1/data-mover-class.ts';
import type { FailureReason } from '../api/datamover/v1alpha1/reasons.ts';
import type { MoverOutcome } from './mover.ts';
import type { TimeLimits } from '../lifecycle/request/time-limits.ts';

/** When a mover at work is given up: not by its total time, but by the time in which nothing moved. */
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
  // Of one that says nothing, silence says nothing; its total time bounds it.
  if (!tellsBytes) return undefined;
  const seconds = deadlines.noProgressSeconds;
  return {
    at: limits.endOf(since, seconds),
    reason: 'DeadlineExceeded',
    message: `the mover made no progress for ${String(seconds)} s: ${outcome.message}`,
  };
}

/** Of those that can be read. */
function latest(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined && !Number.isNaN(Date.parse(time)))
    .sort((a = '', b = '') => Date.parse(a) - Date.parse(b))
    .at(-1);
}
