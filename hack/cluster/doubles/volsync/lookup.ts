import type { Kind, Resource } from '../../../../api/kubernetes/meta.ts';
import type { Scope } from './scope.ts';

/** Returns the object. If it does not exist, throws the error of controller-runtime's cache: `Secret "name" not found`. */
export async function mustGet<T extends Resource>(scope: Scope, kind: Kind<T>, name: string): Promise<T> {
  const key = kind.namespaced ? { namespace: scope.namespace, name } : { name };
  // An empty name would request a list from the API server.
  const object = name === '' ? undefined : await scope.client.get(kind, key, { signal: scope.signal });
  if (object === undefined) throw new Error(`${kind.kind} ${JSON.stringify(name)} not found`);
  return object;
}

/** Returns all objects in a namespace with a label. */
export async function listLabelled<T extends Resource>(
  scope: Scope,
  kind: Kind<T>,
  labelSelector: string,
): Promise<T[]> {
  const { client, namespace, signal } = scope;
  return collect(client.list(kind, { namespace, labelSelector, signal }));
}

/** Returns all items of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
