import type { Kind, Resource } from '../../../../api/kubernetes/meta.ts';
import type { Scope } from './scope.ts';

/** The object, or an error in the words of controller-runtime's cache: `Secret "name" not found`. */
export async function mustGet<T extends Resource>(scope: Scope, kind: Kind<T>, name: string): Promise<T> {
  const key = kind.namespaced ? { namespace: scope.namespace, name } : { name };
  // An empty name would ask the API server for a list.
  const object = name === '' ? undefined : await scope.client.get(kind, key, { signal: scope.signal });
  if (object === undefined) throw new Error(`${kind.kind} ${JSON.stringify(name)} not found`);
  return object;
}

/** All objects of a namespace with a label. */
export async function listLabelled<T extends Resource>(
  scope: Scope,
  kind: Kind<T>,
  labelSelector: string,
): Promise<T[]> {
  const { client, namespace, signal } = scope;
  return collect(client.list(kind, { namespace, labelSelector, signal }));
}

/** All that an async iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
