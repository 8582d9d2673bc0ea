import { parseSelector, SelectorSyntaxError } from '../../../api/kubernetes/label-selector.ts';
import { isSize } from '../../../api/kubernetes/quantity.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Mover } from '../../../movers/mover.ts';
import { serve, type Serving, type ServingProblem } from '../resolution/resolve-class.ts';

/**
 * Whether a class can be used, as far as the class itself tells: as a request without wishes of its own would find it.
 * `undefined`: it belongs to somebody else's controller.
 */
export function judgeClass(
  movers: ReadonlyMap<string, Mover>,
  dataMoverClass: DataMoverClass,
): Serving | ServingProblem | undefined {
  const { storageClasses = {} } = dataMoverClass.spec;
  const serving = serve(movers, dataMoverClass, {});
  if (serving === undefined || 'reason' in serving) return serving;
  // Each StorageClass may have settings of its own, which show only when one asks for it.
  const others = Object.keys(storageClasses).map((storageClassName) =>
    serve(movers, dataMoverClass, { storageClassName }),
  );
  return (
    selectorProblem(dataMoverClass) ??
    volumesProblem(dataMoverClass, serving.mover) ??
    others.find(isProblem) ??
    withNotes(serving, others)
  );
}

/** The notes about the class's own settings and about those for each StorageClass, each once. */
function withNotes(serving: Serving, others: readonly ReturnType<typeof serve>[]): Serving {
  const all = [serving, ...others].flatMap((one) => (one !== undefined && 'notes' in one ? one.notes : []));
  return { ...serving, notes: [...new Set(all)] };
}

function isProblem(serving: ReturnType<typeof serve>): serving is ServingProblem {
  return serving !== undefined && 'reason' in serving;
}

/** A mode that the class names and its mover cannot move fails each backup of such a volume. */
function volumesProblem({ metadata, spec }: DataMoverClass, mover: Mover): ServingProblem | undefined {
  const { volumeModes = [], maxSize } = spec.volumes ?? {};
  const impossible = volumeModes.filter((mode) => !mover.capabilities.volumeModes.includes(mode));
  const invalid = (problem: string): ServingProblem => ({
    reason: 'InvalidConfig',
    message: `DataMoverClass ${metadata.name}: spec.volumes.${problem}`,
  });
  if (impossible.length > 0)
    return invalid(`volumeModes has ${impossible.join(', ')}, which mover ${mover.name} cannot move`);
  if (maxSize !== undefined && !isSize(maxSize))
    return invalid(`maxSize ${JSON.stringify(maxSize)} is not a size below 8Ei; the class takes no volume`);
  return undefined;
}

/** One that cannot be read selects nothing, and nobody would notice. */
function selectorProblem({ metadata, spec }: DataMoverClass): ServingProblem | undefined {
  try {
    parseSelector(spec.selector ?? '');
    return undefined;
  } catch (error) {
    if (!(error instanceof SelectorSyntaxError)) throw error;
    const message = `DataMoverClass ${metadata.name}: spec.selector: ${error.message}; the class selects nothing`;
    return { reason: 'InvalidConfig', message };
  }
}
