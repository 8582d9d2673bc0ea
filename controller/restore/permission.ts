import { restores } from '../../api/external/velero.ts';
import { annotations } from '../../api/v1alpha1/keys.ts';
import { ownerOf } from '../repository/path.ts';
import { done, failed, type StepResult } from '../request/step.ts';
import type { RestoreScope } from './scope.ts';

/**
 * Who may read which repository. A tenant may restore what its own namespace of this cluster backed up; everything
 * else needs a Velero Restore in the protected namespace, where tenants cannot write, that maps the source's namespace
 * to this one (architecture, decision 10).
 */
export async function mayRestore(scope: RestoreScope): Promise<StepResult> {
  const { source, restore, namespace, env, status, signal } = scope;
  if (status.repositoryPath !== undefined) return done;
  const path = source.result?.repository ?? '';
  const owner = ownerOf(path);
  if (owner === undefined)
    return failed('InvalidRequest', `spec.source.result.repository "${path}" is not a path of a repository`);
  if (owner.cluster === env.clusterName && owner.namespace === namespace) return allow(scope, path);
  const name = restore.metadata.annotations?.[annotations.veleroRestore];
  const velero =
    name === undefined
      ? undefined
      : await env.client.get(restores, { namespace: env.namespace, name }, { signal });
  if (velero === undefined) {
    return failed(
      'Forbidden',
      `repository ${path} belongs to namespace ${owner.namespace} of cluster ${owner.cluster}; only a Velero Restore in namespace ${env.namespace} may bring its data into namespace ${namespace}`,
    );
  }
  const target = velero.spec.namespaceMapping?.[owner.namespace] ?? owner.namespace;
  if (target === namespace) return allow(scope, path);
  return failed(
    'Forbidden',
    `Restore ${env.namespace}/${velero.metadata.name} brings namespace ${owner.namespace} to ${target}, not to ${namespace}`,
  );
}

function allow({ status }: RestoreScope, path: string): StepResult {
  status.repositoryPath = path;
  return done;
}
