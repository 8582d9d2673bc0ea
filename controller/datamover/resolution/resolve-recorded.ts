import { formatKey, keyOf, type Resource } from '../../../api/kubernetes/meta.ts';
import { resolvePinned, resolveRecorded } from '../../../api/datamover/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Environment } from '../environment.ts';
import { madeByAnother } from './repository-maintenance.ts';
import { resolveClassFor, type ResolvedClass, type ResolutionProblem } from './resolve-class.ts';

/** A request about data that a backup has left in a repository. */
export type RecordedRequest = Resource & {
  spec: { dataMoverClass?: string | undefined; config?: Record<string, unknown> | undefined };
  status?: { dataMoverClass?: string | undefined };
};

/** The origin of the data, as recorded. */
export interface Origin {
  /** The mover that created it. */
  mover: string;
  /** Identity of its repository, if known. */
  repositoryID: string | undefined;
}

/**
 * Returns the class of the backup, or another one if that is safe; see {@link resolveRecorded}. If another mover has written the
 * data and a class names that mover, its controller serves the request.
 */
export function resolveForRecord(
  env: Environment,
  request: RecordedRequest,
  { mover: madeBy, repositoryID }: Origin,
): ResolvedClass | ResolutionProblem | undefined {
  const { spec, status } = request;
  const isOurs = ({ spec: { mover } }: DataMoverClass): boolean => env.movers.has(mover);
  const all = env.listers.classes.list();
  if (!env.movers.has(madeBy) && all.some((one) => one.spec.mover === madeBy)) return undefined;
  const named = all.find(({ metadata }) => metadata.name === spec.dataMoverClass);
  if (named !== undefined && !isOurs(named)) return madeByAnother(madeBy, named);
  const classes = all.filter(isOurs);
  const kept = classes.find((c) => c.metadata.name === status?.dataMoverClass);
  const resolution =
    kept === undefined
      ? resolveRecorded(classes, {
          subject: `${request.kind} ${formatKey(keyOf(request))}`,
          name: spec.dataMoverClass,
          installation: env.namespace,
          isIdentified: repositoryID !== undefined,
        })
      : resolvePinned(classes, kept.metadata.name);
  return resolveClassFor(env.movers, resolution, { config: spec.config });
}
