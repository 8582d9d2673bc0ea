import type { Resource } from '../../api/kubernetes/meta.ts';

/** Reads the objects of one kind from a cache that a watch keeps current. */
export interface Lister<T extends Resource> {
  /** `namespace/name`, or `name` for cluster-scoped kinds. */
  get(key: string): T | undefined;
  list(): T[];
  byIndex(index: string, value: string): T[];
}
