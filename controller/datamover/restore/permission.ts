import { backups, restores } from '../../../api/velero/v1.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';
import { ownerOf, repositoryPath, type RepositoryLocation } from '../../../movers/repository-path.ts';
import { done, failed, type StepResult } from '../../../lifecycle/request/step.ts';
import type { RestoreScope } from './scope.ts';
import { objection } from './velero-grant.ts';

/**
 * Checks that a restore may read its repository. A tenant may restore what its own namespace of this cluster has backed up.
 * Everything else requires a Velero Restore in the protected namespace, where tenants cannot write, that maps the namespace of
 * the source to this one (ADR 13).
 */
export async function mayRestore(scope: RestoreScope): Promise<StepResult> {
  const { source, namespace, env, status, log } = scope;
  if (status.repositoryPath !== undefined) return done;
  const path = source.result?.repository ?? '';
  const owner = ownerOf(path);
  if (owner === undefined) {
    return failed(
      'InvalidRequest',
      `spec.source.result.repository "${path}" is not the path of a repository`,
    );
  }
  const refusal = isOwn(scope, path, owner) ? undefined : await objectionTo(scope, owner.namespace);
  if (refusal !== undefined) {
    // A tenant must not learn which namespaces other Restores contain, so the reason is only logged.
    log.info(`namespace ${namespace} may not read repository ${path}: ${refusal}`);
    return failed(
      'Forbidden',
      `repository ${path} does not belong to this namespace in this DataMoverClass; only a Velero Restore that is in progress in namespace ${env.namespace} may restore data of namespace ${owner.namespace} of cluster ${owner.cluster} into namespace ${namespace}`,
    );
  }
  status.repositoryPath = path;
  return done;
}

type Owner = Omit<RepositoryLocation, 'prefix'>;

/** Compares the whole path: another prefix may lead to the repository of another namespace. */
function isOwn({ resolved, env, namespace }: RestoreScope, path: string, { pvc }: Owner): boolean {
  return (
    path === repositoryPath({ prefix: resolved.repositoryPrefix, cluster: env.clusterName, namespace, pvc })
  );
}

/** Returns why no Velero Restore permits the data of the namespace in this request; undefined if one does. */
export async function objectionTo(scope: RestoreScope, sourceNamespace: string): Promise<string | undefined> {
  const { restore, env, signal } = scope;
  const { namespace } = env;
  const read = { signal };
  const name = restore.metadata.annotations?.[annotations.veleroRestore];
  const velero = name === undefined ? undefined : await env.client.get(restores, { namespace, name }, read);
  const of = velero?.spec.backupName;
  const backup = of === undefined ? undefined : await env.client.get(backups, { namespace, name: of }, read);
  return objection(restore, sourceNamespace, { restore: velero, backup });
}
