import type { Restore } from '../../api/velero/v1.ts';

/** The namespace into which a restore puts what was in `namespace`. */
export function targetNamespace(restore: Restore, namespace: string): string {
  return restore.spec.namespaceMapping?.[namespace] ?? namespace;
}
