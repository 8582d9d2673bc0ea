import { createDataMover } from '../../controller/datamover/app.ts';
import { builtInMovers } from '../../movers/registry.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { silentLogger } from '../../telemetry/log.ts';
import type { MetricDefinition, Metrics } from '../../telemetry/metrics.ts';
import { table } from './field-table.ts';

type Kind = 'counter' | 'gauge' | 'histogram';

export interface KnownMetric extends MetricDefinition {
  kind: Kind;
}

/** Returns every metric of the controller, from a controller that is constructed but never started. */
export function knownMetrics(): KnownMetric[] {
  const found = new Map<string, KnownMetric>();
  const note = (kind: Kind, definition: MetricDefinition): void => {
    found.set(definition.name, { ...definition, kind });
  };
  const metrics: Metrics = {
    counter: (definition) => (note('counter', definition), { inc: () => undefined }),
    gauge: (definition) => (note('gauge', definition), { set: () => undefined }),
    readings: (definition) => note('gauge', definition),
    histogram: (definition) => (note('histogram', definition), { observe: () => undefined }),
  };
  const client = {} as KubeClient;
  createDataMover({
    client,
    informerSet: createInformerSet({ client }),
    namespace: '',
    clusterName: '',
    movers: builtInMovers,
    reporter: { report: () => undefined },
    log: silentLogger,
    metrics,
  });
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Returns the table of docs/metrics.md. */
export function metricTable(): string {
  const rows = knownMetrics().map(({ name, kind, labels = [], help }) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return table(['Metric', 'Type', 'Labels', 'Meaning'], rows);
}
