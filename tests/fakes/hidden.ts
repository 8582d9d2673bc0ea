import { formatKey, keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';

/**
 * Returns the reason why a Velero backup of all namespaces would include an object that one of our programs creates; `undefined`
 * if it would not.
 */
export function whyTaken(object: Resource): string | undefined {
  if (object.metadata.labels?.[labels.veleroExclude] === 'true' || isRenewed(object)) return undefined;
  return `${object.kind} ${formatKey(keyOf(object))} is created without the label ${labels.veleroExclude}`;
}

/** Returns true for the application's own claim, which an overwriting restore replaces by one of the same name. */
function isRenewed({ kind, metadata }: Resource): boolean {
  return kind === 'PersistentVolumeClaim' && metadata.annotations?.[annotations.replacedBy] !== undefined;
}
