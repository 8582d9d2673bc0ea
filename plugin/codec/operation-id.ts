import { formatKey, type Key } from '../../api/kubernetes/meta.ts';

/**
 * Returns the id of a Velero operation: `namespace/name` of its request. Every poll is a new process, so the id contains
 * everything that is needed.
 */
export function toOperationID(key: Required<Key>): string {
  return formatKey(key);
}

/** Returns `undefined` if the text is not one of our ids. */
export function parseOperationID(id: string): Required<Key> | undefined {
  const [namespace, name, ...rest] = id.split('/');
  if (!namespace || !name || rest.length > 0) return undefined;
  return { namespace, name };
}
