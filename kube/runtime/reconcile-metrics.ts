import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from './clock.ts';

export type ReconcileOutcome = 'success' | 'requeue_after' | 'conflict' | 'terminal' | 'error';

/** Counts passes and measures their duration. */
export interface ReconcileMetrics {
  /** Starts one pass; the returned function ends it. */
  start(): (outcome: ReconcileOutcome) => void;
}

export function createReconcileMetrics(options: {
  controller: string;
  workers: number;
  metrics: Metrics;
  clock: Clock;
}): ReconcileMetrics {
  const { controller, metrics, clock } = options;
  const labels = { controller };
  const named = (name: string, help: string) => ({ name, help, labels: ['controller'] });
  const total = metrics.counter({
    name: 'datamover_reconcile_total',
    help: 'Passes by outcome',
    labels: ['controller', 'result'],
  });
  const errors = metrics.counter(
    named('datamover_reconcile_errors_total', 'Passes that failed; conflicts are not failures'),
  );
  const active = metrics.gauge(named('datamover_reconcile_active_workers', 'Passes running now'));
  const limit = metrics.gauge(named('datamover_reconcile_max_workers', 'Passes that may run side by side'));
  const seconds = metrics.histogram({
    ...named('datamover_reconcile_duration_seconds', 'Time of one pass'),
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
  });
  let running = 0;
  limit.set(options.workers, labels);
  active.set(0, labels);
  return {
    start() {
      const startedAt = clock.monotonic();
      active.set(++running, labels);
      return (result) => {
        active.set(--running, labels);
        total.inc({ controller, result });
        if (result === 'error' || result === 'terminal') errors.inc(labels);
        seconds.observe((clock.monotonic() - startedAt) / 1000, labels);
      };
    },
  };
}
