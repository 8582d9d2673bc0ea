import type { DataMoverClassSpec } from '../../api/v1alpha1/data-mover-class.ts';
import type { FailureReason } from '../../api/v1alpha1/reasons.ts';
import type { MoverOutcome } from '../movers/mover.ts';

/** When a mover at work is given up: not by its total time, but by the time in which nothing moved. */
export function moverDeadline(
  outcome: Extract<MoverOutcome<unknown>, { state: 'InProgress' }>,
  status: {
    movingSince?: string | undefined;
    verification?: { since: string } | undefined;
    progress?: { updatedAt: string } | undefined;
  },
  { deadlines, tellsBytes }: { deadlines: DataMoverClassSpec['deadlines']; tellsBytes: boolean },
): { at: number; reason: FailureReason; message: string } | undefined {
  const { movingSince, verification, progress } = status;
  const moved = [movingSince, verification?.since, outcome.lastActivity, progress?.updatedAt]
    .filter((time) => time !== undefined)
    .map((time) => Date.parse(time));
  const since = Math.max(...moved);
  if (!outcome.started) {
    const seconds = deadlines.moverStartSeconds;
    return {
      at: since + seconds * 1000,
      reason: outcome.reason ?? 'DeadlineExceeded',
      message: `the mover did not start within ${String(seconds)} s: ${outcome.message}`,
    };
  }
  // Of one that says nothing, silence says nothing; its total time bounds it.
  if (!tellsBytes) return undefined;
  const seconds = deadlines.noProgressSeconds;
  return {
    at: since + seconds * 1000,
    reason: 'DeadlineExceeded',
    message: `the mover made no progress for ${String(seconds)} s: ${outcome.message}`,
  };
}
