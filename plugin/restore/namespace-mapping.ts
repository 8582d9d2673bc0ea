import type { Restore } from '../../api/velero/v1.ts';

/** Returns the namespace into which a restore puts the objects of `namespace`. */
export function targetNamespace(restore: Restore, namespace: string): string {
  return restore.spec.namespaceMapping?.[namespace] ?? namespace;
}
