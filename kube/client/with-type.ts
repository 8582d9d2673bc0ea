import { apiVersionOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';

/** Adds apiVersion and kind: items of a list lack them, applied objects need them. */
export function withType<T extends Resource>(kind: Kind<T>, object: T): T {
  const apiVersion = apiVersionOf(kind);
  if (object.apiVersion === apiVersion && object.kind === kind.kind) return object;
  return { ...object, apiVersion, kind: kind.kind };
}
