import { parseSelector, SelectorSyntaxError } from '../../api/label-selector.ts';
import type { DataMoverClass } from '../../api/v1alpha1/data-mover-class.ts';
import type { Mover } from '../movers/mover.ts';
import { serve, type ServingProblem } from '../request/serving.ts';

/** Whether a class can be used, as far as the class itself tells. */
export type Verdict = { ready: true; message: string } | ({ ready: false } & ServingProblem);

/** `undefined`: the class belongs to somebody else's controller. */
export function judgeClass(
  movers: ReadonlyMap<string, Mover>,
  dataMoverClass: DataMoverClass,
): Verdict | undefined {
  const { mover, storageClasses = {} } = dataMoverClass.spec;
  if (!movers.has(mover)) return undefined;
  // Each StorageClass may have settings of its own, which show only when one asks for it.
  const servings = [undefined, ...Object.keys(storageClasses)].map((storageClassName) =>
    serve(movers, dataMoverClass, { storageClassName }),
  );
  const problem = selectorProblem(dataMoverClass) ?? servings.find(isProblem);
  return problem === undefined
    ? { ready: true, message: `mover ${mover} serves it` }
    : { ready: false, reason: problem.reason, message: problem.message };
}

function isProblem(serving: ReturnType<typeof serve>): serving is ServingProblem {
  return serving !== undefined && 'reason' in serving;
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
