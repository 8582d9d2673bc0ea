import { volumeSnapshots } from '../../../../../api/kubernetes/snapshot.ts';
import type { VolumeSnapshot } from '../../../../../api/kubernetes/snapshot.ts';
import { ownerReferenceOf } from '../api.ts';
import { CLEANUP, createdBy } from '../keys.ts';
import type { Scope } from '../scope.ts';

export interface DesiredSnapshot {
  name: string;
  claim: string;
  /** Deleted at the end of the sync. */
  temporary: boolean;
}

/** Creates a snapshot of a claim, or returns the existing one. */
export async function ensureSnapshot(scope: Scope, desired: DesiredSnapshot): Promise<VolumeSnapshot> {
  const { client, owner, namespace, restic, signal } = scope;
  const { name, claim, temporary } = desired;
  const existing = await client.get(volumeSnapshots, { namespace, name }, { signal });
  if (existing !== undefined) return existing;
  const className = restic.volumeSnapshotClassName;
  const labels = { ...createdBy, ...(temporary ? { [CLEANUP]: owner.metadata.uid ?? '' } : {}) };
  const snapshot = await client.create(
    volumeSnapshots,
    {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name, namespace, labels, ownerReferences: [ownerReferenceOf(owner)] },
      spec: {
        source: { persistentVolumeClaimName: claim },
        ...(className === undefined ? {} : { volumeSnapshotClassName: className }),
      },
    },
    { signal },
  );
  scope.recordEvent(owner, {
    type: 'Normal',
    reason: 'VolumeSnapshotCreated',
    action: 'CreateVolumeSnapshot',
    note: `created VolumeSnapshot ${namespace}/${name}`,
  });
  return snapshot;
}

/** Returns true if a content is bound; later if a test requests slow binding. */
export function isBound(snapshot: VolumeSnapshot, { injection, now }: Scope): boolean {
  if (snapshot.status?.boundVolumeSnapshotContentName === undefined) return false;
  if (injection.slowSnapshotBindMs === 0) return true;
  return now - Date.parse(snapshot.metadata.creationTimestamp ?? '') >= injection.slowSnapshotBindMs;
}
