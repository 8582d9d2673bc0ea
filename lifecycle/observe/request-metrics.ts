import type { Labels, Metrics } from '../../telemetry/metrics.ts';
import type { RequestObserver } from './observer.ts';
import { isFinal, type RequestStatus } from '../request/request-type.ts';
import { stepTimes } from './step-times.ts';

/** Fields that only some kinds of requests have. */
interface Measured extends RequestStatus {
  progress?: { bytesDone: number } | undefined;
  result?: { uploadedBytes?: number | undefined } | undefined;
  failedTries?: number | undefined;
}

/** Seconds: from one second to half a day, because a step may wait for storage, for a slot or for terabytes. */
const BUCKETS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200];

/**
 * Creates an observer that counts steps, outcomes, retries and bytes. Label values are kinds, classes, and reasons from our own
 * tables, so tenants cannot create new ones. If the process dies between a write and its count, the count is lost.
 */
export function createRequestMetrics(metrics: Metrics): RequestObserver {
  const labels = ['kind', 'class'];
  const steps = metrics.histogram({
    name: 'datamover_step_duration_seconds',
    help: 'Time of a step, from the end of the one before; `step` is its condition',
    labels: [...labels, 'step'],
    buckets: BUCKETS,
  });
  const requests = metrics.histogram({
    name: 'datamover_request_duration_seconds',
    help: 'Time from the start of a request until its terminal phase',
    labels: [...labels, 'phase'],
    buckets: BUCKETS,
  });
  const failures = metrics.counter({
    name: 'datamover_request_failures_total',
    help: 'Requests that ended as Failed, by the reasons of docs/failures.md',
    labels: [...labels, 'reason'],
  });
  const retries = metrics.counter({
    name: 'datamover_request_retries_total',
    help: 'Failed tries that were repeated, by the reasons of docs/failures.md',
    labels: [...labels, 'reason'],
  });
  const moved = metrics.counter({
    name: 'datamover_moved_bytes_total',
    help: 'Bytes that movers have read from volumes (backups) or written to them (restores), as reported by the movers',
    labels,
  });
  const uploaded = metrics.counter({
    name: 'datamover_uploaded_bytes_total',
    help: 'Bytes that backups have added to repositories, after deduplication, before compression',
    labels,
  });

  function noteProgress(of: Labels, before: Measured, after: Measured): void {
    const known = new Set(stepTimes(before).map(({ step }) => step));
    for (const { step, from, to } of stepTimes(after).filter((time) => !known.has(time.step)))
      steps.observe((to - from) / 1000, { ...of, step });
    moved.inc(of, bytesBetween(before, after));
    if (before.result === undefined) uploaded.inc(of, after.result?.uploadedBytes ?? 0);
    if (before.failedTries !== after.failedTries && after.lastFailure !== undefined)
      retries.inc({ ...of, reason: after.lastFailure.reason });
  }

  function noteEnd(of: Labels, after: Measured): void {
    requests.observe(secondsOf(after), { ...of, phase: after.phase ?? '' });
    if (after.phase === 'Failed') failures.inc({ ...of, reason: after.failure?.reason ?? '' });
  }

  return {
    wrote({ kind }, before: Measured, after: Measured) {
      const of = { kind, class: after.dataMoverClass ?? '' };
      noteProgress(of, before, after);
      if (isFinal(after.phase) && !isFinal(before.phase)) noteEnd(of, after);
    },
  };
}

/** A mover that was restarted reports fewer bytes than before; what it moves again is counted again. */
function bytesBetween({ progress: before }: Measured, { progress: after }: Measured): number {
  return Math.max(0, (after?.bytesDone ?? 0) - (before?.bytesDone ?? 0));
}

function secondsOf({ startTimestamp, completionTimestamp }: Measured): number {
  return (Date.parse(completionTimestamp ?? '') - Date.parse(startTimestamp ?? '')) / 1000;
}
