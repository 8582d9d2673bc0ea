import type { Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import type { Logger } from '../../../telemetry/log.ts';

/** `events.k8s.io/v1` Event, as far as the doubles write it. */
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

/** Tells the user about an object. Never throws: an event is not worth a failed reconcile. */
export type TellEvent = (regarding: Resource, text: EventText) => void;

export interface EventTellerOptions {
  client: KubeClient;
  /** Who reports. */
  reporter: string;
  log: Logger;
}

/**
 * Writes events. The same event about the same object is written once, however often a retry repeats it,
 * where a real sidecar counts it up.
 */
export function createEventTeller({ client, reporter, log }: EventTellerOptions): TellEvent {
  const told = new Set<string>();
  let count = 0;
  return (object, { type, reason, action, note }) => {
    const { name, namespace, uid } = object.metadata;
    const identity = JSON.stringify([object.kind, uid ?? `${namespace ?? ''}/${name}`, reason, note]);
    if (told.has(identity)) return;
    if (told.size > 10_000) told.clear();
    told.add(identity);
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
      // The API server takes 1 KiB.
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
