import { parseSelector, SelectorSyntaxError } from '../../../api/kubernetes/label-selector.ts';
import { isSize } from '../../../api/kubernetes/quantity.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Mover } from '../../../movers/mover.ts';
import { bindClass, type ResolvedClass, type ResolutionProblem } from '../resolution/resolve-class.ts';

/**
 * Validates a class as a request without settings of its own would use it. Returns `undefined` if another controller serves the
 * class.
 */
export function validateClass(
  movers: ReadonlyMap<string, Mover>,
  dataMoverClass: DataMoverClass,
): ResolvedClass | ResolutionProblem | undefined {
  const { storageClasses = {} } = dataMoverClass.spec;
  const resolved = bindClass(movers, dataMoverClass, {});
  if (resolved === undefined || 'reason' in resolved) return resolved;
  // Each StorageClass may have its own settings, which only a request for it would use.
  const others = Object.keys(storageClasses).map((storageClassName) =>
    bindClass(movers, dataMoverClass, { storageClassName }),
  );
  return (
    selectorProblem(dataMoverClass) ??
    volumesProblem(dataMoverClass, resolved.mover) ??
    others.find(isProblem) ??
    withNotes(resolved, others)
  );
}

/** Adds the notes about the settings of the class and of each StorageClass, without duplicates. */
function withNotes(resolved: ResolvedClass, others: readonly ReturnType<typeof bindClass>[]): ResolvedClass {
  const all = [resolved, ...others].flatMap((one) => (one !== undefined && 'notes' in one ? one.notes : []));
  return { ...resolved, notes: [...new Set(all)] };
}

function isProblem(resolved: ReturnType<typeof bindClass>): resolved is ResolutionProblem {
  return resolved !== undefined && 'reason' in resolved;
}

/** Rejects a volume mode that the mover cannot move, because each backup of such a volume would fail. */
function volumesProblem({ metadata, spec }: DataMoverClass, mover: Mover): ResolutionProblem | undefined {
  const { volumeModes = [], maxSize } = spec.volumes ?? {};
  const impossible = volumeModes.filter((mode) => !mover.capabilities.volumeModes.includes(mode));
  const invalid = (problem: string): ResolutionProblem => ({
    reason: 'InvalidConfig',
    message: `DataMoverClass ${metadata.name}: spec.volumes.${problem}`,
  });
  if (impossible.length > 0)
    return invalid(`volumeModes has ${impossible.join(', ')}, which mover ${mover.name} cannot move`);
  if (maxSize !== undefined && !isSize(maxSize))
    return invalid(`maxSize ${JSON.stringify(maxSize)} is not a size below 8Ei; the class takes no volume`);
  return undefined;
}

/** Rejects an invalid selector, which would silently match no claim. */
function selectorProblem({ metadata, spec }: DataMoverClass): ResolutionProblem | undefined {
  try {
    parseSelector(spec.selector ?? '');
    return undefined;
  } catch (error) {
    if (!(error instanceof SelectorSyntaxError)) throw error;
    const message = `DataMoverClass ${metadata.name}: spec.selector: ${error.message}; the class selects nothing`;
    return { reason: 'InvalidConfig', message };
  }
}
