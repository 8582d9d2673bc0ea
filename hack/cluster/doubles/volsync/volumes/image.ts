import { persistentVolumeClaims } from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../../../../api/kubernetes/snapshot.ts';
import { imageName } from '../names.ts';
import type { ReplicationStatus } from '../api.ts';
import { CLEANUP, SNAPSHOT_NAME } from '../keys.ts';
import type { Scope } from '../scope.ts';
import { ensureSnapshot, isBound } from './ensure-snapshot.ts';

type Image = NonNullable<ReplicationStatus['latestImage']>;

/**
 * Returns the `latestImage` of a finished restore; undefined while its snapshot is not bound. The copy method is checked only
 * here, so a wrong one is reported after the restore ran.
 */
export async function restoredImage(scope: Scope, claim: PersistentVolumeClaim): Promise<Image | undefined> {
  const { copyMethod = '' } = scope.restic;
  switch (copyMethod) {
    case 'Direct':
    case 'None':
      return { apiGroup: '', kind: 'PersistentVolumeClaim', name: claim.metadata.name };
    case 'Snapshot':
      return snapshotImage(scope, claim);
    default:
      throw new Error(`unsupported copyMethod: ${copyMethod} -- must be Direct, None, or Snapshot`);
  }
}

async function snapshotImage(scope: Scope, claim: PersistentVolumeClaim): Promise<Image | undefined> {
  const name =
    claim.metadata.annotations?.[SNAPSHOT_NAME] ?? imageName(claim.metadata.name, new Date(scope.now));
  await annotate(scope, claim.metadata.name, name);
  const snapshot = await ensureSnapshot(scope, { name, claim: claim.metadata.name, temporary: false });
  if (!isBound(snapshot, scope)) return undefined;
  return { apiGroup: volumeSnapshots.group, kind: 'VolumeSnapshot', name };
}

/** Marks the previous image for deletion at the next cleanup. */
export async function supersedeImage(scope: Scope, next: Image): Promise<void> {
  const { client, namespace, owner, status, signal } = scope;
  const previous = status.latestImage;
  if (previous?.kind !== 'VolumeSnapshot' || previous.name === next.name) return;
  const key = { namespace, name: previous.name };
  if ((await client.get(volumeSnapshots, key, { signal })) === undefined) return;
  const labels = { [CLEANUP]: owner.metadata.uid ?? '' };
  await client.mergePatch(volumeSnapshots, key, { metadata: { labels } }, { signal });
}

/** Removes the name of the snapshot just taken, so that the next sync takes a new one. */
export async function forgetImageName(scope: Scope, name: string): Promise<void> {
  const claim = await scope.client.get(
    persistentVolumeClaims,
    { namespace: scope.namespace, name },
    { signal: scope.signal },
  );
  if (claim?.metadata.annotations?.[SNAPSHOT_NAME] !== undefined) await annotate(scope, name, null);
}

async function annotate(
  { client, namespace, signal }: Scope,
  name: string,
  value: string | null,
): Promise<void> {
  const patch = { metadata: { annotations: { [SNAPSHOT_NAME]: value } } };
  await client.mergePatch(persistentVolumeClaims, { namespace, name }, patch, { signal });
}
