import type { Kind, Resource } from '../api/kubernetes/meta.ts';
import type { KubeClient, ListOptions } from '../kube/client/kube-client.ts';
import { isNotFound } from '../kube/client/kube-error.ts';

/** All that comes. `Array.fromAsync` by another name, which TypeScript's ES2024 library does not know. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The objects of a kind that the cluster may not know: then there are none. */
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
