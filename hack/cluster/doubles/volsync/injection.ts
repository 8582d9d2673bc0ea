import type { Resource } from '../../../../api/kubernetes/meta.ts';
import { INJECT } from './keys.ts';

/**
 * Faults that a test requests through the annotation `double.datamover.local/inject` on a ReplicationSource or
 * ReplicationDestination, a comma-separated list:
 * - `transient-error`: once per sync, just before it completes, the condition shows an update conflict of the Job;
 * - `no-logs`: the mover's logs cannot be read, so `latestMoverStatus.logs` is absent;
 * - `slow-snapshot-bind=SECONDS` (10 without a number): snapshots count as unbound for that long;
 * - `duplicate-events`: every status write is followed by an event with the same status.
 */
export interface Injection {
  transientError: boolean;
  noLogs: boolean;
  slowSnapshotBindMs: number;
  duplicateEvents: boolean;
}

const DEFAULT_SLOW_BIND_SECONDS = 10;

/** Parses the annotation and ignores unknown words. */
export function injectionOf(object: Resource): Injection {
  const words = new Map(
    (object.metadata.annotations?.[INJECT] ?? '').split(',').map((word) => {
      const [name = '', value] = word.trim().split('=');
      return [name, value] as const;
    }),
  );
  const seconds = Number(words.get('slow-snapshot-bind') ?? DEFAULT_SLOW_BIND_SECONDS);
  return {
    transientError: words.has('transient-error'),
    noLogs: words.has('no-logs'),
    slowSnapshotBindMs: words.has('slow-snapshot-bind') && Number.isFinite(seconds) ? seconds * 1000 : 0,
    duplicateEvents: words.has('duplicate-events'),
  };
}
