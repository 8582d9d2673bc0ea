import type { Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import type { Logger } from '../../../telemetry/log.ts';

/** The fields of an `events.k8s.io/v1` Event that the doubles write. */
interface Event extends Resource {
  eventTime: string;
  reportingController: string;
  reportingInstance: string;
  action: string;
  reason: string;
  note: string;
  type: 'Normal' | 'Warning';
  regarding: { apiVersion: string; kind: string; namespace?: string; name: string; uid?: string };
}

const events: Kind<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

export interface EventText {
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
}

/** Writes an Event about an object. Never throws: a missing Event must not fail a reconcile. */
export type RecordEvent = (regarding: Resource, text: EventText) => void;

export interface EventRecorderOptions {
  client: KubeClient;
  /** Name of the reporting controller. */
  reporter: string;
  log: Logger;
}

/**
 * Returns a function that writes Events. The same Event about the same object is written once, however often a retry repeats it;
 * a real sidecar would increase its count.
 */
export function createEventRecorder({ client, reporter, log }: EventRecorderOptions): RecordEvent {
  const recorded = new Set<string>();
  let count = 0;
  return (object, { type, reason, action, note }) => {
    const { name, namespace, uid } = object.metadata;
    const identity = JSON.stringify([object.kind, uid ?? `${namespace ?? ''}/${name}`, reason, note]);
    if (recorded.has(identity)) return;
    if (recorded.size > 10_000) recorded.clear();
    recorded.add(identity);
    count += 1;
    const now = Date.now();
    const event: Event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        name: `${name}.${(now * 1000 + (count % 1000)).toString(16)}`,
        namespace: namespace ?? 'default',
      },
      eventTime: new Date(now).toISOString().replace('Z', '000Z'),
      reportingController: reporter,
      reportingInstance: `${reporter}-${String(process.pid)}`,
      action,
      reason,
      // The API server accepts 1 KiB.
      note: note.slice(0, 1000),
      type,
      regarding: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
      },
    };
    client.create(events, event).catch((error: unknown) => {
      log.warn({ err: error, reason }, 'event not written');
    });
  };
}
