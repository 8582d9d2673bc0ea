import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import type { VolumeAccess } from '../volume-access.ts';
import { done, waiting, type StepResult } from '../../lifecycle/request/step.ts';
import { isUsable } from './nodes.ts';
import { waitsForConsumer } from './staging.ts';

/** The annotation on a claim in which the scheduler gives the provisioner the node of the first consumer. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

/**
 * Has a claim provisioned that waits for its first consumer, which will not exist: sets a node as the scheduler would. Any
 * ready node will do, because the volume is empty.
 */
export async function chooseNode(
  access: VolumeAccess,
  claimName: string,
  signal: AbortSignal,
): Promise<StepResult> {
  const claim = access.listers.claims.get(`${access.namespace}/${claimName}`);
  if (claim === undefined)
    return waiting(`waiting to see PersistentVolumeClaim ${access.namespace}/${claimName}`);
  if (claim.status?.phase === 'Bound') return done;
  const message = `waiting for staging PersistentVolumeClaim ${access.namespace}/${claimName} to be bound`;
  if (!waitsForConsumer(access, claim) || claim.metadata.annotations?.[SELECTED_NODE] !== undefined)
    return waiting(message);
  const node = access.listers.nodes.list().find(isUsable);
  if (node === undefined)
    return waiting('waiting for a node that is ready and schedulable', { requeueAfterMs: 5000 });
  await access.client.mergePatch(
    persistentVolumeClaims,
    { namespace: access.namespace, name: claimName },
    { metadata: { uid: claim.metadata.uid, annotations: { [SELECTED_NODE]: node.metadata.name } } },
    { signal },
  );
  return waiting(message);
}
