import { jobs, persistentVolumeClaims } from '../../../../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../../../../api/kubernetes/snapshot.ts';
import type { VolumeSnapshot } from '../../../../../api/kubernetes/snapshot.ts';
import { keyOf } from '../../../../../api/kubernetes/meta.ts';
import { listLabelled } from '../lookup.ts';
import { CLEANUP, CREATED_BY, DO_NOT_DELETE, POPULATOR_LABEL_PREFIX } from '../keys.ts';
import type { Scope } from '../scope.ts';

/** Deletes the temporary objects of the sync. Runs on every idle pass. */
export async function cleanUp(scope: Scope): Promise<void> {
  const { client, owner, signal } = scope;
  const selector = `${CLEANUP}=${owner.metadata.uid ?? ''}`;
  for (const claim of await listLabelled(scope, persistentVolumeClaims, selector)) {
    await client.delete(persistentVolumeClaims, keyOf(claim), { propagationPolicy: 'Background', signal });
  }
  for (const job of await listLabelled(scope, jobs, selector)) {
    await client.delete(jobs, keyOf(job), { propagationPolicy: 'Background', signal });
  }
  for (const snapshot of await listLabelled(scope, volumeSnapshots, selector)) await release(scope, snapshot);
}

/** Removes our ownership of snapshots that a user marked to be kept. */
export async function disownKeptSnapshots(scope: Scope): Promise<void> {
  for (const snapshot of await listLabelled(scope, volumeSnapshots, DO_NOT_DELETE)) {
    if (ownerEntries(scope, snapshot).ours.length > 0) await disown(scope, snapshot, [CLEANUP, CREATED_BY]);
  }
}

async function release(scope: Scope, snapshot: VolumeSnapshot): Promise<void> {
  const labels = snapshot.metadata.labels ?? {};
  if (DO_NOT_DELETE in labels) return disown(scope, snapshot, [CLEANUP, CREATED_BY]);
  const inUse = Object.keys(labels).some((key) => key.startsWith(POPULATOR_LABEL_PREFIX));
  const { ours, others } = ownerEntries(scope, snapshot);
  if (inUse || others.length > 0) {
    if (ours.length > 0) await disown(scope, snapshot, []);
    return;
  }
  const { uid, resourceVersion } = snapshot.metadata;
  await scope.client.delete(volumeSnapshots, keyOf(snapshot), {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    signal: scope.signal,
  });
}

function ownerEntries({ owner }: Scope, { metadata }: VolumeSnapshot) {
  const all = metadata.ownerReferences ?? [];
  return {
    ours: all.filter(({ uid }) => uid === owner.metadata.uid),
    others: all.filter(({ uid }) => uid !== owner.metadata.uid),
  };
}

async function disown(scope: Scope, snapshot: VolumeSnapshot, dropLabels: readonly string[]): Promise<void> {
  const patch = {
    metadata: {
      resourceVersion: snapshot.metadata.resourceVersion,
      labels: Object.fromEntries(dropLabels.map((key) => [key, null])),
      ownerReferences: ownerEntries(scope, snapshot).others,
    },
  };
  await scope.client.mergePatch(volumeSnapshots, keyOf(snapshot), patch, { signal: scope.signal });
}
