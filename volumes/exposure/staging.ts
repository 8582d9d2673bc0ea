import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { formatKey, type OwnerReference, type Resource } from '../../api/kubernetes/meta.ts';
import {
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshot,
} from '../../api/kubernetes/snapshot.ts';
import { patchIfThere } from '../../kube/client/patch-if-there.ts';
import { CLAIM_INDEX, REQUEST_INDEX, type VolumeAccess } from '../volume-access.ts';
import { isAlias } from './alias.ts';
import {
  ownerReferenceTo,
  requestUidOf,
  type ChildIdentity,
} from '../../lifecycle/request/child-identity.ts';
import { nameOf, type Target } from '../../kube/runtime/deleter.ts';
import { done, waiting, type StepResult } from '../../lifecycle/request/step.ts';
import { deleteWhenReleased } from './reclaim-policy.ts';
import { isBoundTo, isCutFromClaim, isMadeFor } from '../snapshots/snapshot-content.ts';
import { stagingContent, type Capture } from './staging-content.ts';

/** The properties of a staging volume. */
export interface StagingVolume {
  storageClassName: string | undefined;
  accessModes: string[];
  volumeMode: 'Filesystem' | 'Block';
  capacity: string;
}

/**
 * Makes the captured snapshot readable in the protected namespace: creates a second, static content for the same handle (with
 * policy Retain, because the handle belongs to the first one), a snapshot bound to it, and a PVC from that snapshot. It changes
 * no object of the application, and no credential leaves the protected namespace.
 */
export async function stageSnapshot(
  access: VolumeAccess,
  child: ChildIdentity,
  source: { capture: Capture; volume: StagingVolume },
  signal: AbortSignal,
): Promise<StepResult> {
  const key = `${access.namespace}/${child.name}`;
  if (access.listers.claims.get(key) === undefined) {
    const snapshot = access.listers.snapshots.get(key);
    if (snapshot === undefined) {
      await createStagingSnapshot(access, child, source, signal);
      return waiting(`creating VolumeSnapshot ${key} for staging`);
    }
    if (snapshot.status?.readyToUse !== true) {
      if (access.listers.snapshotContents.get(child.name) === undefined)
        await createStagingSnapshot(access, child, source, signal);
      const trouble = snapshot.status?.error?.message;
      return waiting(
        `waiting for VolumeSnapshot ${key} to be ready${trouble === undefined ? '' : `: ${trouble}`}`,
      );
    }
    await access.creator.createOnce(
      persistentVolumeClaims,
      stagingClaim(access, child, source.volume, {
        apiGroup: 'snapshot.storage.k8s.io',
        kind: 'VolumeSnapshot',
        name: child.name,
      }),
      signal,
    );
  }
  return awaitUsable(access, child.name);
}

/** Creates an empty staging volume that a mover can restore into. */
export async function stageEmpty(
  access: VolumeAccess,
  child: ChildIdentity,
  volume: StagingVolume,
  signal: AbortSignal,
): Promise<StepResult> {
  if (access.listers.claims.get(`${access.namespace}/${child.name}`) === undefined) {
    await access.creator.createOnce(persistentVolumeClaims, stagingClaim(access, child, volume), signal);
  }
  return awaitUsable(access, child.name);
}

/**
 * Waits until a claim is usable. One that waits for its first consumer is usable without a volume: the mover pod is that
 * consumer.
 */
function awaitUsable(access: VolumeAccess, name: string): StepResult {
  const claim = access.listers.claims.get(`${access.namespace}/${name}`);
  if (claim?.status?.phase === 'Bound') return done;
  if (claim !== undefined && waitsForConsumer(access, claim)) return done;
  return waiting(`waiting for staging PersistentVolumeClaim ${access.namespace}/${name} to be bound`);
}

export function waitsForConsumer(access: VolumeAccess, claim: PersistentVolumeClaim): boolean {
  const className = claim.spec.storageClassName;
  if (className === undefined) return false;
  return access.listers.storageClasses.get(className)?.volumeBindingMode === 'WaitForFirstConsumer';
}

async function createStagingSnapshot(
  access: VolumeAccess,
  child: ChildIdentity,
  { capture, volume }: { capture: Capture; volume: StagingVolume },
  signal: AbortSignal,
): Promise<void> {
  const { name, labels: childLabels, annotations } = child;
  const apiVersion = 'snapshot.storage.k8s.io/v1';
  const original = await access.client.get(
    volumeSnapshotContents,
    { name: capture.volumeSnapshotContent ?? '' },
    { signal },
  );
  await access.creator.createOnce(
    volumeSnapshotContents,
    stagingContent(child, {
      namespace: access.namespace,
      capture,
      volumeMode: volume.volumeMode,
      original,
      classes: access.listers.snapshotClasses.list(),
    }),
    signal,
  );
  await access.creator.createOnce(
    volumeSnapshots,
    {
      apiVersion,
      kind: 'VolumeSnapshot',
      metadata: { name, namespace: access.namespace, labels: childLabels, annotations },
      spec: { source: { volumeSnapshotContentName: name } },
    },
    signal,
  );
}

function stagingClaim(
  access: VolumeAccess,
  { name, labels: childLabels, annotations }: ChildIdentity,
  volume: StagingVolume,
  dataSource?: { apiGroup: string; kind: string; name: string },
): PersistentVolumeClaim {
  const { storageClassName, accessModes, volumeMode, capacity } = volume;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: access.namespace, labels: childLabels, annotations },
    spec: {
      accessModes,
      volumeMode,
      resources: { requests: { storage: capacity } },
      ...(storageClassName !== undefined && { storageClassName }),
      ...(dataSource !== undefined && { dataSource }),
    },
  };
}

/** Returns the staging claim as owner of the objects that work on it. */
export function ownerOfWork(
  { listers, namespace }: VolumeAccess,
  { name }: ChildIdentity,
): OwnerReference | undefined {
  const claim = listers.claims.get(`${namespace}/${name}`);
  return claim === undefined ? undefined : ownerReferenceTo(persistentVolumeClaims, claim);
}

/** Removes the objects of {@link stageSnapshot}. Returns what remains. */
export async function unstageSnapshot(
  access: VolumeAccess,
  child: ChildIdentity,
  signal: AbortSignal,
): Promise<string[]> {
  const { listers, namespace } = access;
  const { name } = child;
  const uid = requestUidOf(child);
  const claim = stagingTarget(access, child);
  // The snapshot controller keeps the snapshot of an unbound claim, and does not check again soon after the claim is deleted.
  if (claim.cached !== undefined && claim.cached.status?.phase !== 'Bound') {
    const left = await access.cleaner.remove(uid, [claim], signal);
    if (left.length > 0) return left;
  }
  const snapshot = listers.snapshots.get(`${namespace}/${name}`);
  return access.cleaner.remove(
    uid,
    [
      claim,
      { kind: volumeSnapshots, key: { namespace, name }, cached: snapshot },
      { kind: volumeSnapshotContents, key: { name }, cached: listers.snapshotContents.get(name) },
    ],
    signal,
  );
}

/** Removes the objects of {@link stageEmpty}. Returns what remains. */
export async function unstageEmpty(
  access: VolumeAccess,
  child: ChildIdentity,
  signal: AbortSignal,
): Promise<string[]> {
  return access.cleaner.remove(requestUidOf(child), [stagingTarget(access, child)], signal);
}

function stagingTarget(
  { listers, namespace }: VolumeAccess,
  { name }: ChildIdentity,
): Target & { cached: PersistentVolumeClaim | undefined } {
  return {
    kind: persistentVolumeClaims,
    key: { namespace, name },
    cached: listers.claims.get(`${namespace}/${name}`),
  };
}

/** The snapshot of a capture, in the namespace of the application. */
export interface CapturedSnapshot {
  namespace: string;
  /** Its uid, if recorded. */
  uid: string | undefined;
}

/** Deletes the snapshot of the capture, and with it the snapshot in the storage system. Returns what remains. */
export async function releaseCapture(
  access: VolumeAccess,
  child: ChildIdentity,
  { namespace, uid: capturedUid }: CapturedSnapshot,
  signal: AbortSignal,
): Promise<string[]> {
  const uid = requestUidOf(child);
  const isOurs = (found: Resource): boolean =>
    isMadeFor(uid, found) || (capturedUid !== undefined && found.metadata.uid === capturedUid);
  const key = { namespace, name: child.name };
  const cached = access.listers.snapshots.get(formatKey(key));
  if (cached !== undefined && isOurs(cached)) await claimContent(access, child, cached, signal);
  const left = await access.cleaner.remove(uid, [{ kind: volumeSnapshots, key, cached, isOurs }], signal);
  // The content has our label, and is deleted with the snapshot, like the snapshot in the storage system.
  const content = access.listers.snapshotContents
    .byIndex(REQUEST_INDEX, uid)
    .find(({ metadata }) => metadata.name !== child.name);
  if (content === undefined) return left;
  if (left.length > 0) return [...left, nameOf(content)];
  // The snapshot was deleted before the snapshot controller saw the content's deletion policy.
  const target = { kind: volumeSnapshotContents, key: { name: content.metadata.name }, cached: content };
  return access.cleaner.remove(uid, [target], signal);
}

/**
 * Sets the deletion policy and labels of the content. A request that ended after the cut and before it was recorded has not
 * done so.
 */
async function claimContent(
  { client, listers }: VolumeAccess,
  child: ChildIdentity,
  snapshot: VolumeSnapshot,
  signal: AbortSignal,
): Promise<void> {
  const name = snapshot.status?.boundVolumeSnapshotContentName;
  if (name === undefined || !isCutFromClaim(snapshot)) return;
  if (listers.snapshotContents.get(name) !== undefined) return;
  const content = await client.get(volumeSnapshotContents, { name }, { signal });
  if (content === undefined || !isBoundTo(content, snapshot)) return;
  const { uid } = content.metadata;
  const patch = { metadata: { uid, labels: child.labels }, spec: { deletionPolicy: 'Delete' } };
  await patchIfThere(client, volumeSnapshotContents, { key: { name }, patch, signal });
}

/**
 * Makes the storage delete the volumes of deleted claims, even if the storage class retains volumes: they contain only copies.
 * Aliases are not changed. Returns the volumes that remain.
 */
export async function reclaimVolumes(
  access: VolumeAccess,
  claimNames: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const volumes = claimNames.flatMap((claim) =>
    access.listers.volumes.byIndex(CLAIM_INDEX, `${access.namespace}/${claim}`),
  );
  const kept = volumes.filter((one) => !isAlias(one) && one.spec.persistentVolumeReclaimPolicy !== 'Delete');
  await Promise.all(kept.map((volume) => deleteWhenReleased(access.client, volume, signal)));
  return volumes.map(({ metadata }) => nameOfVolume(metadata.name));
}

/** Returns the name of a volume for messages. */
export function nameOfVolume(name: string): string {
  return `PersistentVolume ${name}`;
}
