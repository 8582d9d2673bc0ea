import type { DataMoverPruneSpec } from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import type { Environment } from '../environment.ts';

/** Index of prunes by the path of their repository. */
export const REPOSITORY_INDEX = 'repository';

type Repository = Pick<
  DataMoverPruneSpec,
  'repository' | 'repositoryID' | 'dataMoverClass' | 'backupStorageLocation'
>;

/** Returns true if one of our prunes has removed this very repository with everything in it. */
export function isRepositoryRemoved(
  { listers }: Pick<Environment, 'listers'>,
  { repository, repositoryID, dataMoverClass, backupStorageLocation }: Repository,
): boolean {
  return listers.prunes
    .byIndex(REPOSITORY_INDEX, repository)
    .some(
      ({ spec, status }) =>
        status?.removedAt !== undefined &&
        spec.repository === repository &&
        spec.repositoryID === repositoryID &&
        spec.dataMoverClass === dataMoverClass &&
        spec.backupStorageLocation === backupStorageLocation,
    );
}
