import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';

/** Query parameters; `undefined` values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Returns the path of a collection; all namespaces if `namespace` is absent. */
export function collectionPath(kind: Kind<Resource>, namespace?: string): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${segment(namespace)}` : '';
  return `${root}${scope}/${kind.plural}`;
}

/**
 * Returns the path of one object.
 * @throws Error if the key does not fit the kind: without a namespace it would address another URL.
 */
export function objectPath(kind: Kind<Resource>, key: Key, subresource?: string): string {
  if (key.name === '') throw new Error(`${kind.kind}: the name is empty`);
  if (kind.namespaced && (key.namespace === undefined || key.namespace === ''))
    throw new Error(`${kind.kind} ${key.name}: the kind is namespaced and the key has no namespace`);
  const tail = subresource === undefined ? '' : `/${subresource}`;
  return `${collectionPath(kind, key.namespace)}/${segment(key.name)}${tail}`;
}

/** Returns `?a=1&b=2`, or an empty string. */
export function queryString(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

// Tenants choose names: "../" in one must not lead to another URL.
function segment(text: string): string {
  if (text === '.' || text === '..') throw new Error(`"${text}" is not a Kubernetes name`);
  return encodeURIComponent(text);
}
