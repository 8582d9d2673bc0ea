import { restores } from '../../api/external/velero.ts';
import { formatKey } from '../../api/meta.ts';
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
  const { source, namespace, env, status } = scope;
  if (status.repositoryPath !== undefined) return done;
  const path = source.result?.repository ?? '';
  const owner = ownerOf(path);
  if (owner === undefined) {
    return failed(
      'InvalidRequest',
      `spec.source.result.repository "${path}" is not the path of a repository`,
    );
  }
  const isOwn = owner.cluster === env.clusterName && owner.namespace === namespace;
  const refusal = isOwn ? undefined : await refuse(scope, path, owner);
  if (refusal !== undefined) return failed('Forbidden', refusal);
  status.repositoryPath = path;
  return done;
}

type Owner = NonNullable<ReturnType<typeof ownerOf>>;

/** Why the Velero Restore behind the request does not allow it; undefined when it does. */
async function refuse(scope: RestoreScope, path: string, owner: Owner): Promise<string | undefined> {
  const { restore, namespace, env, signal } = scope;
  const name = restore.metadata.annotations?.[annotations.veleroRestore];
  const key = { namespace: env.namespace, name: name ?? '' };
  const velero = name === undefined ? undefined : await env.client.get(restores, key, { signal });
  if (velero === undefined) {
    return `repository ${path} belongs to namespace ${owner.namespace} of cluster ${owner.cluster}; only a Velero Restore in namespace ${env.namespace} may bring its data into namespace ${namespace}`;
  }
  const target = velero.spec.namespaceMapping?.[owner.namespace] ?? owner.namespace;
  if (target === namespace) return undefined;
  return `Restore ${formatKey(key)} brings namespace ${owner.namespace} to ${target}, not to ${namespace}`;
}
