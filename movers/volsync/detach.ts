import type { ReplicationStatus } from '../../api/volsync/v1alpha1.ts';
import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { patchIfThere } from '../../kube/client/patch-if-there.ts';

/** Patch of a spec that makes VolSync ignore a transfer, as if an external program did it. */
const EXTERNAL = { restic: null, external: {} };

/**
 * Detaches a transfer from VolSync, so that it can be deleted. VolSync ignores deletion timestamps: until a transfer has ended,
 * it recreates cache claim, ServiceAccount, Role and Job while the garbage collector deletes them, and a foreground deletion of
 * the transfer never completes.
 */
export async function detachFromVolSync(
  client: KubeClient,
  { kind, key }: { kind: Kind<Resource>; key: Key },
  signal: AbortSignal,
): Promise<void> {
  await patchIfThere(client, kind, { key, patch: { spec: EXTERNAL }, signal });
}

/** Returns true if the transfer has ended: VolSync then only deletes what it has created for it. */
export function hasEnded(tag: string, status: ReplicationStatus | undefined): boolean {
  return status?.lastManualSync === tag;
}
