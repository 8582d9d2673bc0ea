import type { Labels, Metrics } from '../../telemetry/metrics.ts';
import type { RequestObserver } from './observer.ts';
import { isFinal, type RequestStatus } from '../request-status.ts';
import { stepTimes } from './step-times.ts';

/** Fields that only some kinds of requests have. */
interface Measured extends RequestStatus {
  failedTries?: number | undefined;
}

/** Seconds: from one second to half a day, because a step may wait for storage, for a slot or for terabytes. */
const BUCKETS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200];

/** What a product adds to the metrics of its requests. */
export interface MetricsView {
  /** Of the names of metrics. */
  prefix: string;
  /** Names of its labels. */
  labels: readonly string[];
  labelsOf: (status: RequestStatus) => Labels;
}

/**
 * Creates an observer that counts steps, outcomes and retries. Label values are kinds, reasons from the tables of the
 * product, and what {@link MetricsView.labelsOf} returns, so tenants cannot create new ones. If the process dies between a write
 * and its count, the count is lost.
 */
export function createRequestMetrics(
  metrics: Metrics,
  { prefix, labels: own, labelsOf }: MetricsView,
): RequestObserver {
  const labels = ['kind', ...own];
  const steps = metrics.histogram({
    name: `${prefix}_step_duration_seconds`,
    help: 'Time of a step, from the end of the one before; `step` is its condition',
    labels: [...labels, 'step'],
    buckets: BUCKETS,
  });
  const requests = metrics.histogram({
    name: `${prefix}_request_duration_seconds`,
    help: 'Time from the start of a request until its terminal phase',
    labels: [...labels, 'phase'],
    buckets: BUCKETS,
  });
  const failures = metrics.counter({
    name: `${prefix}_request_failures_total`,
    help: 'Requests that ended as Failed, by the reasons of docs/failures.md',
    labels: [...labels, 'reason'],
  });
  const retries = metrics.counter({
    name: `${prefix}_request_retries_total`,
    help: 'Failed tries that were repeated, by the reasons of docs/failures.md',
    labels: [...labels, 'reason'],
  });

  function noteProgress(of: Labels, before: Measured, after: Measured): void {
    const known = new Set(stepTimes(before).map(({ step }) => step));
    for (const { step, from, to } of stepTimes(after).filter((time) => !known.has(time.step)))
      steps.observe((to - from) / 1000, { ...of, step });
    if (before.failedTries !== after.failedTries && after.lastFailure !== undefined)
      retries.inc({ ...of, reason: after.lastFailure.reason });
  }

  function noteEnd(of: Labels, after: Measured): void {
    requests.observe(secondsOf(after), { ...of, phase: after.phase ?? '' });
    if (after.phase === 'Failed') failures.inc({ ...of, reason: after.failure?.reason ?? '' });
  }

  return {
    wrote({ kind }, before: Measured, after: Measured) {
      const of = { kind, ...labelsOf(after) };
      noteProgress(of, before, after);
      if (isFinal(after.phase) && !isFinal(before.phase)) noteEnd(of, after);
    },
  };
}

function secondsOf({ startTimestamp, completionTimestamp }: Measured): number {
  return (Date.parse(completionTimestamp ?? '') - Date.parse(startTimestamp ?? '')) / 1000;
}
