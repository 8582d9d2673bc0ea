import { formatKey, type Key } from '../../api/kubernetes/meta.ts';

/**
 * The id under which Velero asks for an operation: `namespace/name` of its request. Every poll is a new process, so the
 * id carries all that is needed.
 */
export function toOperationID(key: Required<Key>): string {
  return formatKey(key);
}

/** `undefined` when the text is no id of ours. */
export function parseOperationID(id: string): Required<Key> | undefined {
  const [namespace, name, ...rest] = id.split('/');
  if (!namespace || !name || rest.length > 0) return undefined;
  return { namespace, name };
}
