import {
  apiVersionOf,
  formatKey,
  keyOf,
  type Kind,
  type OwnerReference,
  type Resource,
} from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { childName, type RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import { ownLabels } from '../../api/datamover/v1alpha1/own-labels.ts';
import { formatTraceParent } from '../../api/kubernetes/traceparent.ts';
import { traceOf } from '../observe/request-trace.ts';

/** How everything that is made for a request is named and marked, so that it is found again and belongs to nobody else. */
export interface ChildIdentity {
  kind: RequestKind;
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** `servedBy` is the controller that makes the children. */
export function childIdentity(kind: RequestKind, request: Resource, servedBy?: string): ChildIdentity {
  const uid = request.metadata.uid ?? '';
  return {
    kind,
    name: childName(kind, uid),
    labels: ownLabels({ [labels.requestKind]: kind, [labels.requestUid]: uid }),
    annotations: {
      [annotations.request]: formatKey(keyOf(request)),
      ...(servedBy !== undefined && { [annotations.servedBy]: servedBy }),
      [annotations.traceparent]: formatTraceParent(traceOf(request)),
    },
  };
}

/** A reference with which Kubernetes deletes an object when this one, of the same namespace, is gone. */
export function ownerReferenceTo<T extends Resource>(kind: Kind<T>, { metadata }: Resource): OwnerReference {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name: metadata.name, uid: metadata.uid ?? '' };
}

/** The uid of the request that a child identity belongs to. */
export function requestUidOf(child: Pick<ChildIdentity, 'labels'>): string {
  return child.labels[labels.requestUid] ?? '';
}
