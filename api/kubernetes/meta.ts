/**
 * Kubernetes objects in their JSON form: times are RFC 3339 strings, unknown fields are kept. The whole project uses these
 * types instead of generated model classes.
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
  /** PascalCase, for programs. */
  reason: string;
  /** For people. */
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number | undefined;
}

/** Namespace and name of an object; without a namespace for cluster-scoped kinds. */
export interface Key {
  namespace?: string;
  name: string;
}

/** A kind and its path in the API. The type parameter is the TypeScript type of its objects; it has no value at run time. */
export interface Kind<T extends Resource> {
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set; only for the type. */
  readonly resource?: T;
}

/** Returns the `apiVersion` of a kind: `v1` for the core group, else `group/version`. */
export function apiVersionOf(kind: Kind<Resource>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** Returns the key of an object. */
export function keyOf(object: Resource): Key {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** Returns `namespace/name`, or `name` for cluster-scoped objects; for logs, messages and queue keys. */
export function formatKey(key: Key): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}

/** Parses the result of {@link formatKey}. */
export function parseKey(text: string): Key {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
