import type { Key } from '../../api/kubernetes/meta.ts';

/** The object that an Event is about. */
export interface EventTarget extends Key {
  apiVersion: string;
  kind: string;
  uid?: string;
}

/** Returns an object as the target of Events. */
export function targetOf(object: { apiVersion: string; kind: string; metadata: EventMetadata }): EventTarget {
  const { name, namespace, uid } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
  };
}

interface EventMetadata {
  name: string;
  namespace?: string;
  uid?: string;
}
