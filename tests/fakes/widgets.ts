import type { Kind, Resource } from '../../api/kubernetes/meta.ts';

/** Returns a kind that no program knows, whose objects have the fields of `T`. */
export function widgetKind<T extends Resource = Resource>(): Kind<T> {
  return { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
}
