import { isLeaving, isOpenTo, keepClass, resolveClass } from '../../api/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../api/v1alpha1/data-mover-class.ts';
import type { Resource } from '../../api/meta.ts';
import type { Environment } from '../environment.ts';
import { serveResolved, type Serving, type ServingProblem } from './serving.ts';

/** A request about data that a backup has left in a repository. */
export type RepositoryCare = Resource & {
  spec: { dataMoverClass?: string | undefined; config?: Record<string, unknown> | undefined };
  status?: { dataMoverClass?: string | undefined };
};

/**
 * The class that made the backup may be gone, or be another cluster's: then the default one has to do. Data that another
 * mover has written is left to the controller of that mover, if a class says that there is one.
 */
export function serveRecorded(
  env: Environment,
  { metadata, spec, status }: RepositoryCare,
  madeBy: string,
): Serving | ServingProblem | undefined {
  const isOurs = ({ spec: { mover } }: DataMoverClass): boolean => env.movers.has(mover);
  const all = env.listers.classes.list();
  if (!env.movers.has(madeBy) && all.some((one) => one.spec.mover === madeBy)) return undefined;
  const classes = all.filter(isOurs);
  const kept = classes.find((c) => c.metadata.name === status?.dataMoverClass);
  const recorded = classes.find(
    (c) => c.metadata.name === spec.dataMoverClass && !isLeaving(c) && isOpenTo(c, env.namespace),
  );
  const resolution =
    kept === undefined
      ? resolveClass(
          classes,
          { metadata: { name: metadata.name } },
          { requested: recorded?.metadata.name, installation: env.namespace },
        )
      : keepClass(classes, kept.metadata.name);
  return serveResolved(env.movers, resolution, { config: spec.config });
}
