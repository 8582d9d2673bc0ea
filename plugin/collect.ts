import type { Kind, Resource } from '../api/kubernetes/meta.ts';
import type { KubeClient, ListOptions } from '../kube/client/kube-client.ts';
import { isNotFound } from '../kube/client/kube-error.ts';

/** Collects all items. Like `Array.fromAsync`, which is missing in TypeScript's ES2024 library. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Lists the objects of a kind; returns none if the API server does not serve the kind. */
export async function listOrNone<T extends Resource>(
  kube: KubeClient,
  kind: Kind<T>,
  options: ListOptions,
): Promise<T[]> {
  try {
    return await collect(kube.list(kind, options));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
