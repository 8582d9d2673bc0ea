import { randomUUID } from 'node:crypto';
import { formatKey, type Kind, type Resource } from '../../api/kubernetes/meta.ts';

/** The object that an event is about. */
export interface ObjectReference {
  apiVersion: string;
  kind: string;
  /** Absent for cluster-scoped objects. */
  namespace?: string;
  name: string;
  uid?: string;
}

/** What happened, for users of `kubectl describe`. */
export interface EventInput {
  regarding: ObjectReference;
  type: 'Normal' | 'Warning';
  /** PascalCase: `SnapshotFailed`. */
  reason: string;
  /** What the controller was doing, PascalCase: `Snapshot`. */
  action: string;
  /** For people; cut at 1 KiB. */
  note: string;
  related?: ObjectReference;
  /** True for events that are less important than outcomes: dropped first if too many events wait. Default: false. */
  droppable?: boolean;
}

/** The fields of an `events.k8s.io/v1` Event that are written here. */
export interface Event extends Resource {
  eventTime: string;
  reportingController: string;
  reportingInstance: string;
  action: string;
  reason: string;
  type: string;
  note: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  series?: { count: number; lastObservedTime: string };
}

export const events: Kind<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** The reporter of an event. */
export interface EventSource {
  controller: string;
  instance: string;
  labels?: Readonly<Record<string, string>>;
}

const MAX_NOTE_BYTES = 1024;

/** @param now milliseconds since 1970 */
export function buildEvent(input: EventInput, source: EventSource, now: number): Event {
  const { regarding, related, note, type, reason, action } = input;
  const { controller, instance, labels } = source;
  // The API server requires the namespace of the object; "default" for cluster-scoped objects.
  const namespace = regarding.namespace ?? 'default';
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${regarding.name.slice(0, 200)}.${randomUUID()}`,
      namespace,
      ...(labels !== undefined && { labels: { ...labels } }),
    },
    eventTime: microTime(now),
    reportingController: controller,
    reportingInstance: instance.slice(0, 128),
    type,
    reason,
    action,
    note: cutBytes(note, MAX_NOTE_BYTES),
    regarding,
    ...(related === undefined ? {} : { related }),
  };
}

/** Includes the note, because the API server rejects a change of an event's note. */
export function identify(event: Event): string {
  return JSON.stringify([groupOf(event), event.note]);
}

/** Returns an id that events share if they differ only in their note. */
export function groupOf({ regarding, type, reason, action }: Event): string {
  return JSON.stringify([regarding.kind, formatKey(regarding), regarding.uid, type, reason, action]);
}

/** `metav1.MicroTime`. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}

/** Cuts a text without splitting a character. */
function cutBytes(text: string, max: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= max) return text;
  const ellipsis = '…';
  let end = max - Buffer.byteLength(ellipsis);
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString('utf8') + ellipsis;
}
