import {
  apiVersionOf,
  formatKey,
  keyOf,
  type Kind,
  type OwnerReference,
  type Resource,
} from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/common/keys.ts';
import { shortHash } from '../../api/kubernetes/names.ts';
import { ownLabels } from '../../api/common/own-labels.ts';
import { formatTraceParent } from '../../api/kubernetes/traceparent.ts';
import { traceOf } from '../observe/request-trace.ts';

/**
 * The name, labels and annotations of all children of a request. They are unique to the request, so a child can always be
 * found.
 */
export interface ChildIdentity<Kind extends string = string> {
  /** The kind of the request. */
  kind: Kind;
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** How a product names a kind of requests on children. */
export interface ChildNaming<Kind extends string = string> {
  /** In the label of the kind. */
  kind: Kind;
  /** Of the name. */
  prefix: string;
}

/** Returns the identity of the children of a request. `servedBy` is the controller that creates them. */
export function childIdentity<Kind extends string>(
  { kind, prefix }: ChildNaming<Kind>,
  request: Resource,
  servedBy?: string,
): ChildIdentity<Kind> {
  const uid = request.metadata.uid ?? '';
  return {
    kind,
    name: `${prefix}-${shortHash(uid)}`,
    labels: ownLabels({ [labels.requestKind]: kind, [labels.requestUid]: uid }),
    annotations: {
      [annotations.request]: formatKey(keyOf(request)),
      ...(servedBy !== undefined && { [annotations.servedBy]: servedBy }),
      [annotations.traceparent]: formatTraceParent(traceOf(request)),
    },
  };
}

/** Returns an owner reference to an object of the same namespace: the garbage collector deletes the child with its owner. */
export function ownerReferenceTo<T extends Resource>(kind: Kind<T>, { metadata }: Resource): OwnerReference {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name: metadata.name, uid: metadata.uid ?? '' };
}

/** Returns the uid of the request that a child belongs to. */
export function requestUidOf(child: Pick<ChildIdentity, 'labels'>): string {
  return child.labels[labels.requestUid] ?? '';
}
