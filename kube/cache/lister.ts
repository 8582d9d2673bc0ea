import type { Resource } from '../../api/kubernetes/meta.ts';

/** Reads objects of one kind from a cache that a watch updates. */
export interface Lister<T extends Resource> {
  /** `namespace/name`, or `name` for cluster-scoped kinds. */
  get(key: string): T | undefined;
  list(): T[];
  byIndex(index: string, value: string): T[];
}
