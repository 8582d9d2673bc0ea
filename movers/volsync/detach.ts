import type { ReplicationStatus } from '../../api/volsync/v1alpha1.ts';
import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { patchIfThere } from '../../kube/client/patch-if-there.ts';

/** What VolSync leaves alone: a transfer that somebody else carries out. */
const BY_NOBODY = { restic: null, external: {} };

/**
 * Takes a transfer out of VolSync's hands, to be deleted next. VolSync does not look whether a transfer is being deleted: as long
 * as it has not ended, it makes cache claim, ServiceAccount, Role and Job anew while the garbage collector removes them, and the
 * transfer, which waits for them in the foreground, never goes.
 */
export async function letGo(
  client: KubeClient,
  { kind, key }: { kind: Kind<Resource>; key: Key },
  signal: AbortSignal,
): Promise<void> {
  await patchIfThere(client, kind, { key, patch: { spec: BY_NOBODY }, signal });
}

/** VolSync does nothing more for it but remove what it has made. */
export function hasEnded(tag: string, status: ReplicationStatus | undefined): boolean {
  return status?.lastManualSync === tag;
}
