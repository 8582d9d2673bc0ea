import { apiVersionOf } from '../../../api/kubernetes/meta.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { DataMoverDelete } from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { DataMoverPrune } from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import { dataMoverPrunes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { pruneName } from '../../../api/datamover/v1alpha1/names.ts';
import { ownLabels } from '../../../api/common/own-labels.ts';
import type { Environment } from '../environment.ts';
import { REPOSITORY_INDEX } from './removed-repository.ts';
import { isFinal } from '../../../lifecycle/request-status.ts';
import type { ResolvedClass } from '../resolution/resolve-class.ts';

/**
 * Ensures that a prune for the removed data exists: a pending one, or a new one. A prune that has not started covers all deletes
 * from its repository, so several deletes share one. The delete occupies the repository, so no prune can start at the same time.
 */
export async function requestPrune({ env, request, resolved, signal }: Removal): Promise<void> {
  const known = env.listers.prunes.byIndex(REPOSITORY_INDEX, request.spec.result.repository);
  const covered = known.some((prune) => isToCome(prune) && isOf(prune, request, resolved));
  if (covered || resolved.mover.prune === undefined) return;
  await env.creator.createOnce(dataMoverPrunes, desiredPrune(request, resolved.class, env.now()), signal);
}

interface Removal {
  env: Environment;
  request: DataMoverDelete;
  resolved: ResolvedClass;
  signal: AbortSignal;
}

function isToCome({ metadata, status }: DataMoverPrune): boolean {
  return (
    status?.movingSince === undefined && metadata.deletionTimestamp === undefined && !isFinal(status?.phase)
  );
}

function isOf({ spec }: DataMoverPrune, { spec: wish }: DataMoverDelete, resolved: ResolvedClass): boolean {
  return (
    spec.repository === wish.result.repository &&
    spec.repositoryID === wish.result.repositoryID &&
    spec.dataMoverClass === resolved.class.metadata.name &&
    spec.backupStorageLocation === wish.backupStorageLocation
  );
}

function desiredPrune(
  { metadata, spec }: DataMoverDelete,
  { metadata: { name: dataMoverClass }, spec: classSpec }: DataMoverClass,
  now: Date,
): DataMoverPrune {
  const { namespace = '', uid = '' } = metadata;
  const { mover, repository, repositoryID } = spec.result;
  const { backupStorageLocation, config } = spec;
  const dueAt = new Date(now.getTime() + classSpec.repositories.pruneIntervalSeconds * 1000).toISOString();
  return {
    apiVersion: apiVersionOf(dataMoverPrunes),
    kind: dataMoverPrunes.kind,
    metadata: {
      namespace,
      name: pruneName(uid),
      labels: ownLabels(),
    },
    spec: {
      dataMoverClass,
      mover,
      repository,
      dueAt,
      ...(repositoryID !== undefined && { repositoryID }),
      ...(backupStorageLocation !== undefined && { backupStorageLocation }),
      ...(config !== undefined && { config }),
    },
  };
}
