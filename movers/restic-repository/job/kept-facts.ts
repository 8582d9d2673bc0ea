import type { ObjectMeta, Resource } from '../../../api/kubernetes/meta.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';

/**
 * Facts that one step of a transfer has found, kept at the object that the next step creates. The log they were read from may be
 * gone when the next step ends, and the controller may be another process by then.
 */
export function keeping(metadata: ObjectMeta, facts: object): ObjectMeta {
  const kept = { [annotations.found]: JSON.stringify(facts) };
  return { ...metadata, annotations: { ...metadata.annotations, ...kept } };
}

/** What {@link keeping} has put there; undefined where it has not, as in an object of an older version. */
export function keptAt({ metadata }: Resource): object | undefined {
  const kept = metadata.annotations?.[annotations.found];
  return kept === undefined ? undefined : (JSON.parse(kept) as object);
}
