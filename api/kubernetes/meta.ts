/**
 * Raw Kubernetes shapes as they travel in JSON: times are RFC 3339 strings, unknown fields stay.
 * Everything in the project speaks these; no generated model class is used for objects.
 */

/** The part of `metav1.ObjectMeta` that this project reads or writes. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** `metav1.OwnerReference`. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Any Kubernetes object. */
export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** `metav1.Condition`. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  /** PascalCase, machine readable. */
  reason: string;
  /** For people. */
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number | undefined;
}

/** Where one object is: namespace is absent for cluster-scoped kinds. */
export interface Key {
  namespace?: string;
  name: string;
}

/**
 * A kind of object and where the API server serves it. The type parameter ties the
 * coordinates to the TypeScript type of its objects; it has no value at run time.
 */
export interface Kind<T extends Resource> {
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set; carries the type only. */
  readonly resource?: T;
}

/** `apiVersion` of a kind: `v1` for the core group, else `group/version`. */
export function apiVersionOf(kind: Kind<Resource>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The key of an object. */
export function keyOf(object: Resource): Key {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** `namespace/name`, or `name` for cluster-scoped objects: for logs, messages and queue keys. */
export function formatKey(key: Key): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}

/** The inverse of {@link formatKey}. */
export function parseKey(text: string): Key {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
