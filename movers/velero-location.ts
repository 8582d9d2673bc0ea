import type { AccessProblem } from './access-problem.ts';

/**
 * The storage location of the Velero backup that a request belongs to. `name` is undefined if the request was created by hand. An
 * {@link AccessProblem} if the cluster does not have the Velero objects that the request names.
 */
export type VeleroLocation = { name: string | undefined } | AccessProblem;
