import type { DataMoverClassSpec } from '../../api/v1alpha1/data-mover-class.ts';
import type { FailureReason } from '../../api/v1alpha1/reasons.ts';
import type { MoverOutcome } from '../movers/mover.ts';

/** When a mover at work is given up: not by its total time, but by the time in which nothing moved. */
export function moverDeadline(
  outcome: Extract<MoverOutcome<unknown>, { state: 'InProgress' }>,
  status: { movingSince?: string | undefined; progress?: { updatedAt: string } | undefined },
  deadlines: DataMoverClassSpec['deadlines'],
): { at: number; reason: FailureReason; message: string } {
  const since = Date.parse(status.movingSince ?? '');
  if (!outcome.started) {
    const seconds = deadlines.moverStartSeconds;
    return {
      at: since + seconds * 1000,
      reason: 'DeadlineExceeded',
      message: `the mover did not start within ${String(seconds)} s: ${outcome.message}`,
    };
  }
  const moved = [outcome.lastActivity, status.progress?.updatedAt]
    .filter((t) => t !== undefined)
    .map((t) => Date.parse(t));
  const seconds = deadlines.noProgressSeconds;
  return {
    at: Math.max(since, ...moved) + seconds * 1000,
    reason: 'DeadlineExceeded',
    message: `the mover made no progress for ${String(seconds)} s: ${outcome.message}`,
  };
}
