import { persistentVolumeClaims, persistentVolumes } from '../../../../api/kubernetes/core.ts';
import { onlyNode } from '../../../../volumes/exposure/nodes.ts';
import { readingNode } from '../../../../volumes/exposure/reading-node.ts';
import { checkpoint, done, failed, type StepResult } from '../../../../lifecycle/request/step.ts';
import type { BackupScope } from '../scope.ts';
import type { Source } from './source.ts';
import { describeVolume } from './volume-record.ts';

/**
 * Records that the volume itself will be read while the application writes to it. Nothing is captured, so this step waits for
 * nothing. The record contains `Live`, so that the user sees it before a restore.
 */
export async function captureLive(scope: BackupScope, { claim, volume }: Source): Promise<StepResult> {
  const key = `${scope.namespace}/${claim.metadata.name}`;
  const { mover } = scope.resolved;
  if (!mover.capabilities.liveSource)
    return failed(
      'SnapshotNotSupported',
      `PersistentVolumeClaim ${key} would have to be read while it is in use, which mover ${mover.name} cannot do; take a snapshot, or choose a DataMoverClass of another mover`,
    );
  if (claim.spec.accessModes?.includes('ReadWriteOncePod') === true) {
    return failed(
      'SnapshotNotSupported',
      `PersistentVolumeClaim ${key} has the access mode ReadWriteOncePod, so no mover pod can mount it together with the application`,
    );
  }
  const placed = await findNode(scope, { claim: claim.metadata.name, volume: volume.metadata.name });
  if (placed.state !== 'done') return placed;
  scope.status.volume = describeVolume(claim, volume, undefined);
  scope.status.capture = {
    consistency: 'Live',
    time: scope.now.toISOString(),
    persistentVolume: volume.metadata.name,
    claimUID: claim.metadata.uid ?? '',
    owned: false,
  };
  return checkpoint;
}

/** Finds the node again, because the application may have moved to another node while the backup was queued. */
export function followApplication(scope: BackupScope): Promise<StepResult> {
  const { volume, capture } = scope.status;
  return findNode(scope, { claim: volume?.pvcName ?? '', volume: capture?.persistentVolume ?? '' });
}

async function findNode(scope: BackupScope, names: { claim: string; volume: string }): Promise<StepResult> {
  const { env, namespace, status, signal } = scope;
  const volume = await env.client.get(persistentVolumes, { name: names.volume }, { signal });
  if (volume === undefined) return lost(scope, names.claim);
  const found = await readingNode(env, { namespace, claimName: names.claim, volume, signal });
  if ('problem' in found) return failed('SnapshotNotSupported', found.problem);
  const node = found.node ?? onlyNode(env.listers.nodes.list(), volume.spec.nodeAffinity);
  delete status.node;
  if (node !== undefined) status.node = node;
  return done;
}

/**
 * Fails a live backup if its claim was deleted or replaced. The volume is deleted with its claim, and a volume whose files are
 * being deleted looks like one with few files.
 */
export async function assertSourceExists(scope: BackupScope): Promise<StepResult> {
  const { env, namespace, status, signal } = scope;
  const key = { namespace, name: status.volume?.pvcName ?? '' };
  const claim = await env.client.get(persistentVolumeClaims, key, { signal });
  const { persistentVolume, claimUID } = status.capture ?? {};
  const same = claim?.metadata.uid === claimUID && claim?.spec.volumeName === persistentVolume;
  return same ? done : lost(scope, key.name);
}

/** Returns true if the cache shows that the claim was deleted or replaced; the caller then reads it from the API server. */
export function mayHaveLostSource({ env, namespace, status }: BackupScope): boolean {
  const claim = env.listers.claims.get(`${namespace}/${status.volume?.pvcName ?? ''}`);
  return claim?.metadata.uid !== status.capture?.claimUID;
}

function lost({ namespace }: BackupScope, claim: string): StepResult {
  return failed(
    'SourceNotFound',
    `PersistentVolumeClaim ${namespace}/${claim} was deleted while its volume was read, so the backup may be incomplete`,
  );
}
