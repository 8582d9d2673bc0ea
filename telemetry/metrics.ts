/** Label values of one sample. */
export type Labels = Record<string, string>;

export interface MetricDefinition {
  /** `datamover_<noun>_<unit>[_total]`, or the upstream name where dashboards expect it. */
  name: string;
  help: string;
  labels?: readonly string[];
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
  histogram(definition: MetricDefinition & { buckets?: readonly number[] }): Histogram;
}

/** Keeps nothing. */
export const noMetrics: Metrics = {
  counter: () => ({ inc: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ observe: () => undefined }),
};
