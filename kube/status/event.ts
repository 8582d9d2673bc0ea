import { randomUUID } from 'node:crypto';
import { formatKey, type Kind, type Resource } from '../../api/kubernetes/meta.ts';

/** The object an event is about. */
export interface ObjectReference {
  apiVersion: string;
  kind: string;
  /** Absent for cluster-scoped objects. */
  namespace?: string;
  name: string;
  uid?: string;
}

/** What happened, for the people who run `kubectl describe`. */
export interface EventInput {
  regarding: ObjectReference;
  type: 'Normal' | 'Warning';
  /** Why, PascalCase: `SnapshotFailed`. */
  reason: string;
  /** What was being done, PascalCase: `Snapshot`. */
  action: string;
  /** Readable; cut at 1 KiB. */
  note: string;
  related?: ObjectReference;
  /** True for what is worth less than the outcomes: dropped first when too many events wait. Default: false. */
  droppable?: boolean;
}

/** `events.k8s.io/v1` Event, as far as it is written here. */
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

/** Who records an event. */
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
  // The API server wants the event beside its object, and those of cluster-scoped objects in "default".
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

/** The note belongs to it: the API server refuses to change the note of an event. */
export function identify(event: Event): string {
  return JSON.stringify([groupOf(event), event.note]);
}

/** What is the same in events that differ only in their note. */
export function groupOf({ regarding, type, reason, action }: Event): string {
  return JSON.stringify([regarding.kind, formatKey(regarding), regarding.uid, type, reason, action]);
}

/** `metav1.MicroTime`. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}

/** Cuts at a whole character. */
function cutBytes(text: string, max: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= max) return text;
  const ellipsis = '…';
  let end = max - Buffer.byteLength(ellipsis);
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString('utf8') + ellipsis;
}
