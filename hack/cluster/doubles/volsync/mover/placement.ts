import { nodes, pods } from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim, Pod } from '../../../../../api/kubernetes/core.ts';
import { CREATED_BY } from '../keys.ts';
import { collect, mustGet } from '../lookup.ts';
import type { Scope } from '../scope.ts';
import type { JobInput } from './job.ts';

/**
 * Returns the placement of the mover. If the copy method uses the application's own volume, the mover must run on the
 * application's node.
 */
export async function placementFor(
  scope: Scope,
  claim: PersistentVolumeClaim,
): Promise<JobInput['placement']> {
  const { client, namespace, signal } = scope;
  if (claim.spec.accessModes?.includes('ReadWriteMany') === true) return undefined;
  const users = (await collect(client.list(pods, { namespace, signal }))).filter((pod) =>
    isUserOf(pod, claim.metadata.name),
  );
  const pod =
    users.find(({ status }) => status?.phase === 'Running') ??
    users.find(({ status }) => status?.phase === 'Pending');
  if (pod === undefined) return undefined;
  // A pending pod may have no node yet; VolSync fails in that case, too.
  const node = await mustGet(scope, nodes, pod.spec.nodeName ?? '');
  const hostname = node.metadata.labels?.['kubernetes.io/hostname'] ?? node.metadata.name;
  const { tolerations = [] } = pod.spec as { tolerations?: object[] };
  return { nodeSelector: { 'kubernetes.io/hostname': hostname }, tolerations };
}

function isUserOf({ metadata, spec }: Pod, claim: string): boolean {
  if (metadata.labels?.[CREATED_BY] === 'volsync') return false;
  return spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claim) === true;
}
