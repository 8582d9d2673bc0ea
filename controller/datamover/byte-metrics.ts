import type { RequestObserver } from '../../lifecycle/observe/observer.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { DataMoverStatus } from './request-type.ts';

/** Fields that only requests that move data have. */
interface Measured extends DataMoverStatus {
  progress?: { bytesDone: number } | undefined;
  result?: { uploadedBytes?: number | undefined } | undefined;
}

/** Creates an observer that counts the bytes that movers report. */
export function createByteMetrics(metrics: Metrics): RequestObserver {
  const labels = ['kind', 'class'];
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
  return {
    wrote({ kind }, before: Measured, after: Measured) {
      const of = { kind, class: after.dataMoverClass ?? '' };
      moved.inc(of, bytesBetween(before, after));
      if (before.result === undefined) uploaded.inc(of, after.result?.uploadedBytes ?? 0);
    },
  };
}

/** A mover that was restarted reports fewer bytes than before; what it moves again is counted again. */
function bytesBetween({ progress: before }: Measured, { progress: after }: Measured): number {
  return Math.max(0, (after?.bytesDone ?? 0) - (before?.bytesDone ?? 0));
}
