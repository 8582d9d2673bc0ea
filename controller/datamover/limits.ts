import type { RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Bounds } from '../../lifecycle/admission/slots.ts';

type Limits = DataMoverClassSpec['limits'];

/** Returns how many requests may run at once, by the limits of their classes. If the class was deleted, none may run. */
export function boundsBy(
  limitsOf: (className: string) => Limits | undefined,
): Pick<Bounds, 'perClass' | 'perNode'> {
  return {
    perClass: (className, kind) => perClass(limitsOf(className), kind as RequestKind),
    perNode: (className, kind) => perNode(limitsOf(className), kind as RequestKind),
  };
}

function perClass(limits: Limits | undefined, kind: RequestKind): number {
  if (limits === undefined) return 0;
  return { backup: limits.backups, restore: limits.restores, delete: limits.deletes, prune: limits.prunes }[
    kind
  ];
}

/** Deletes and prunes load the repository but no volume, so they have no limit per node. */
function perNode(limits: Limits | undefined, kind: RequestKind): number {
  if (limits === undefined) return 0;
  if (kind !== 'backup' && kind !== 'restore') return Infinity;
  return { backup: limits.backupsPerNode, restore: limits.restoresPerNode }[kind];
}
