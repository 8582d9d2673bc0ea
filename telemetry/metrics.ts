/** Label values of one sample. */
export type Labels = Record<string, string>;

export interface MetricDefinition {
  /** `datamover_<noun>_<unit>[_total]`, or the upstream name where dashboards expect it. */
  name: string;
  help: string;
  labels?: readonly string[];
}

/** One value of a gauge that is read when somebody asks. */
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

/** Where numbers go. Asking twice for one name gives the same metric. */
export interface Metrics {
  counter(definition: MetricDefinition): Counter;
  gauge(definition: MetricDefinition): Gauge;
  /** A gauge whose values are read anew at every scrape: what is not among them is not there any more. */
  readings(definition: MetricDefinition, read: () => Iterable<Reading>): void;
  histogram(definition: MetricDefinition & { buckets?: readonly number[] }): Histogram;
}

/** Keeps nothing. */
export const noMetrics: Metrics = {
  counter: () => ({ inc: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  readings: () => undefined,
  histogram: () => ({ observe: () => undefined }),
};
