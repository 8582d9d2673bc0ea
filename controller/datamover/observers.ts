import { createRequestLog } from '../../lifecycle/observe/request-log.ts';
import { createRequestMetrics } from '../../lifecycle/observe/request-metrics.ts';
import { createRequestTrace } from '../../lifecycle/observe/request-trace.ts';
import type { RequestObserver } from '../../lifecycle/observe/observer.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { createTracer } from '../../telemetry/tracing.ts';
import { createByteMetrics } from './byte-metrics.ts';
import type { DataMoverStatus } from './request-type.ts';

/** Creates the log lines, metrics and traces of all requests. */
export function createObservers({
  log,
  metrics,
}: {
  log: Logger;
  metrics: Metrics;
}): readonly RequestObserver[] {
  const classOf = ({ dataMoverClass = '' }: DataMoverStatus): string => dataMoverClass;
  return [
    createRequestLog(log, ({ dataMoverClass }: DataMoverStatus) => ({ dataMoverClass })),
    createRequestMetrics(metrics, {
      prefix: 'datamover',
      labels: ['class'],
      labelsOf: (status) => ({ class: classOf(status) }),
    }),
    createByteMetrics(metrics),
    createRequestTrace(createTracer('velero-datamover'), {
      prefix: 'datamover',
      attributes: (status: DataMoverStatus) => ({
        'datamover.class': classOf(status),
        'datamover.mover': status.mover ?? '',
      }),
    }),
  ];
}
