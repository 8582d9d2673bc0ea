import type { RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Bounds } from '../../lifecycle/admission/slots.ts';

type Limits = DataMoverClassSpec['limits'];

/** Returns how many requests may run at once, by the limits of their classes. A class that is gone lets none run. */
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

/** Removals and prunes load the repository and no volume, so it does not matter where they run. */
function perNode(limits: Limits | undefined, kind: RequestKind): number {
  if (limits === undefined) return 0;
  if (kind !== 'backup' && kind !== 'restore') return Infinity;
  return { backup: limits.backupsPerNode, restore: limits.restoresPerNode }[kind];
}
