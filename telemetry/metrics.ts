/** Label values of one sample. */
export type Labels = Record<string, string>;

export interface MetricDefinition {
  /** `datamover_<noun>_<unit>[_total]`, or the upstream name if dashboards expect it. */
  name: string;
  help: string;
  labels?: readonly string[];
}

/** One value of a gauge that is read at a scrape. */
export interface Reading {
  value: number;
  labels: Labels;
}

export interface Counter {
  inc(labels?: Labels, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Registers metrics. The same name returns the same metric. */
export interface Metrics {
  counter(definition: MetricDefinition): Counter;
  gauge(definition: MetricDefinition): Gauge;
  /** Registers a gauge whose values are read at every scrape; old values disappear. */
  readings(definition: MetricDefinition, read: () => Iterable<Reading>): void;
  histogram(definition: MetricDefinition & { buckets?: readonly number[] }): Histogram;
}

/** Discards all metrics. */
export const noMetrics: Metrics = {
  counter: () => ({ inc: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  readings: () => undefined,
  histogram: () => ({ observe: () => undefined }),
};
