import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from './clock.ts';

/** Metrics of the queue, with the names of client-go, so existing dashboards and alerts work. */
export interface QueueMetrics {
  added(item: string): void;
  depth(size: number): void;
  started(item: string): void;
  finished(item: string): void;
  retried(): void;
}

const BUCKETS = [0.001, 0.01, 0.1, 1, 10, 60, 300];

export function createQueueMetrics(options: { name: string; metrics: Metrics; clock: Clock }): QueueMetrics {
  const { metrics, clock } = options;
  const labels = { name: options.name };
  const named = (name: string, help: string) => ({ name, help, labels: ['name'] });
  const adds = metrics.counter(named('workqueue_adds_total', 'Items added to the queue'));
  const retries = metrics.counter(named('workqueue_retries_total', 'Items added again after a failure'));
  const depth = metrics.gauge(named('workqueue_depth', 'Items ready to be worked on'));
  const waited = metrics.histogram({
    ...named('workqueue_queue_duration_seconds', 'How long an item waited before it was worked on'),
    buckets: BUCKETS,
  });
  const worked = metrics.histogram({
    ...named('workqueue_work_duration_seconds', 'How long an item was worked on'),
    buckets: BUCKETS,
  });
  const addedAt = new Map<string, number>();
  const startedAt = new Map<string, number>();
  const secondsSince = (moment: number | undefined): number =>
    moment === undefined ? 0 : (clock.monotonic() - moment) / 1000;

  depth.set(0, labels);
  return {
    added(item) {
      adds.inc(labels);
      if (!addedAt.has(item)) addedAt.set(item, clock.monotonic());
    },
    depth: (size) => depth.set(size, labels),
    started(item) {
      waited.observe(secondsSince(addedAt.get(item)), labels);
      addedAt.delete(item);
      startedAt.set(item, clock.monotonic());
    },
    finished(item) {
      worked.observe(secondsSince(startedAt.get(item)), labels);
      startedAt.delete(item);
    },
    retried: () => retries.inc(labels),
  };
}
