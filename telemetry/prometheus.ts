import * as prom from 'prom-client';
import type { MetricDefinition, Metrics } from './metrics.ts';

/** Metrics with an endpoint for scrapes. */
export interface PrometheusMetrics extends Metrics {
  /** Returns the text for `/metrics`. */
  scrape(): Promise<{ contentType: string; body: string }>;
}

/** Creates metrics in a separate registry, with the default process and Node metrics unless `process` is false. */
export function createPrometheusMetrics(options: { process?: boolean } = {}): PrometheusMetrics {
  const registry = new prom.Registry();
  if (options.process !== false) prom.collectDefaultMetrics({ register: registry });

  const shared = <M>(definition: MetricDefinition, make: () => M): M =>
    (registry.getSingleMetric(definition.name) as M | undefined) ?? make();
  const configOf = (definition: MetricDefinition) => ({
    name: definition.name,
    help: definition.help,
    labelNames: definition.labels ?? [],
    registers: [registry],
  });

  return {
    counter(definition) {
      const counter = shared(definition, () => new prom.Counter(configOf(definition)));
      return { inc: (labels = {}, by = 1) => counter.inc(labels, by) };
    },
    gauge(definition) {
      const gauge = shared(definition, () => new prom.Gauge(configOf(definition)));
      return { set: (value, labels = {}) => gauge.set(labels, value) };
    },
    readings(definition, read) {
      new prom.Gauge({
        ...configOf(definition),
        collect() {
          this.reset();
          for (const { value, labels } of read()) this.set(labels, value);
        },
      });
    },
    histogram(definition) {
      const histogram = shared(
        definition,
        () =>
          new prom.Histogram({
            ...configOf(definition),
            ...(definition.buckets === undefined ? {} : { buckets: [...definition.buckets] }),
          }),
      );
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    },
    async scrape() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
