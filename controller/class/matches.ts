import type { PersistentVolumeClaim } from '../../api/external/core.ts';
import { resolveClass } from '../../api/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../api/v1alpha1/data-mover-class.ts';
import { annotations, labels } from '../../api/v1alpha1/keys.ts';
import type { Listers } from '../environment.ts';

/** How many claims each class has. */
export interface Matches {
  of(className: string): number;
  /** A class or a claim has changed. */
  outdate(): void;
}

/** All claims are looked at once after a change, not once per class. */
export function createMatches(
  { classes, claims }: Pick<Listers, 'classes' | 'claims'>,
  protectedNamespace: string,
): Matches {
  let counts: ReadonlyMap<string, number> | undefined;
  return {
    of(className) {
      counts ??= countMatches(classes.list(), claims.list(), protectedNamespace);
      return counts.get(className) ?? 0;
    },
    outdate: () => (counts = undefined),
  };
}

/** By the name of the class. What lies in the protected namespace comes and goes with the movers. */
function countMatches(
  classes: readonly DataMoverClass[],
  claims: readonly PersistentVolumeClaim[],
  protectedNamespace: string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const claim of claims) {
    if (claim.metadata.namespace === protectedNamespace || isStaged(claim)) continue;
    const resolution = resolveClass(classes, claim, { installation: protectedNamespace });
    if (resolution.outcome !== 'resolved') continue;
    const { name } = resolution.class.metadata;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** A claim that a controller has made for a request, this one or that of another installation. */
function isStaged({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.labels?.[labels.requestUid] !== undefined;
}

/** Whether a change of a claim may give it another class. */
export function mayMatchAnew(
  before: PersistentVolumeClaim | undefined,
  after: PersistentVolumeClaim | undefined,
): boolean {
  return decisive(before) !== decisive(after);
}

function decisive(claim: PersistentVolumeClaim | undefined): string {
  if (claim === undefined) return '';
  const { labels = {}, annotations: { [annotations.className]: className } = {} } = claim.metadata;
  return JSON.stringify([labels, className]);
}
