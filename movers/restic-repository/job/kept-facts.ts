import type { ObjectMeta, Resource } from '../../../api/kubernetes/meta.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';

/**
 * Adds facts that one step of a transfer has found to the object that the next step creates. The log that they were read from may
 * be lost when the next step ends, and the controller may have restarted by then.
 */
export function withFacts(metadata: ObjectMeta, facts: object): ObjectMeta {
  const kept = { [annotations.found]: JSON.stringify(facts) };
  return { ...metadata, annotations: { ...metadata.annotations, ...kept } };
}

/** Returns the facts that {@link withFacts} has added; undefined if there are none, as in an object of an older version. */
export function factsAt({ metadata }: Resource): object | undefined {
  const kept = metadata.annotations?.[annotations.found];
  return kept === undefined ? undefined : (JSON.parse(kept) as object);
}
