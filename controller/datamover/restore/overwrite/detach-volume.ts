import type { PersistentVolume, PersistentVolumeClaim } from '../../../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../../../api/kubernetes/meta.ts';
import { isForbidden } from '../../../../kube/client/kube-error.ts';
import { usersOf } from '../../../../volumes/handover/claim-users.ts';
import {
  isParked,
  isParkedByOther,
  parkVolume,
  annotateReplacedBy,
} from '../../../../volumes/handover/parked-volume.ts';
import { requestUidOf } from '../../../../lifecycle/request/child-identity.ts';
import { checkpoint, done, failed, waiting, type StepResult } from '../../../../lifecycle/request/step.ts';
import { destinationClaim, destinationKey, type RestoreScope } from '../scope.ts';

/** Pods are not watched, so their end is polled. */
const DETACH_POLL_MS = 5_000;

/**
 * Detaches the volume of the destination claim before data is moved, so that new pods wait for the restored data instead of
 * starting with the data to be replaced. It stays detached until the restore ends, however it ends.
 */
export async function detachVolume(scope: RestoreScope): Promise<StepResult> {
  const { status, env } = scope;
  if (status.handOver !== undefined || status.replaces?.setAsideAt !== undefined) return done;
  const claim = destinationClaim(scope);
  const volumeName = claim?.spec.volumeName ?? '';
  if (claim === undefined || volumeName === '') return done;
  const volume = env.listers.volumes.get(volumeName);
  return volume === undefined ? notBound(scope, volumeName) : detach(scope, claim, volume);
}

async function detach(
  scope: RestoreScope,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<StepResult> {
  const { name } = volume.metadata;
  const requestUid = requestUidOf(scope.child);
  if (isParked(volume, requestUid)) return confirmDetached(scope, claim, name);
  if (isParkedByOther(volume, requestUid))
    return detachWait(
      scope,
      `another restore replaces the data of PersistentVolumeClaim ${destinationKey(scope)}`,
    );
  return volume.spec.claimRef?.uid === claim.metadata.uid
    ? recordAndPark(scope, claim, volume)
    : notBound(scope, name);
}

function notBound(scope: RestoreScope, volumeName: string): StepResult {
  return failed(
    'DestinationBound',
    `PersistentVolumeClaim ${destinationKey(scope)} names PersistentVolume ${volumeName}, which is not bound to it; its data is not replaced`,
  );
}

async function recordAndPark(
  scope: RestoreScope,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<StepResult> {
  const { status, env, signal, child } = scope;
  if (status.replaces === undefined) {
    const users = await usersOf(env, claim, volume.metadata.name, signal).catch(notAllowed);
    if (typeof users === 'object') return users;
    if (users !== undefined) return detachWait(scope, inUse(scope, users));
    status.replaces = {
      persistentVolume: volume.metadata.name,
      reclaimPolicy: volume.spec.persistentVolumeReclaimPolicy ?? 'Delete',
    };
    // The reclaim policy of the volume must be stored before it is changed.
    return checkpoint;
  }
  await scope.assertCurrent();
  await parkVolume({ client: env.client, requestUid: requestUidOf(child), signal }, volume, claim);
  return detachWait(scope, `detaching the volume of PersistentVolumeClaim ${destinationKey(scope)}`);
}

/** The permissions to replace claims are not granted by default: they exceed all other permissions of the controller. */
function notAllowed(error: unknown): StepResult {
  if (!isForbidden(error)) throw error;
  return failed(
    'Forbidden',
    `spec.existingClaimPolicy is Overwrite, but the controller lacks the permissions for it; apply config/overwrite: ${error.message}`,
  );
}

/** A pod may have started between the check and the write. It has the old data and keeps it. */
async function confirmDetached(
  scope: RestoreScope,
  claim: PersistentVolumeClaim,
  volumeName: string,
): Promise<StepResult> {
  const { status, env, signal, now, restore } = scope;
  await annotateReplacedBy({ client: env.client, signal }, claim, formatKey(keyOf(restore)));
  if (claim.status?.phase !== 'Lost')
    return detachWait(
      scope,
      `waiting for PersistentVolumeClaim ${destinationKey(scope)} to reach phase Lost`,
    );
  const users = await usersOf(env, claim, volumeName, signal);
  if (users !== undefined) return failed('DestinationInUse', inUse(scope, users));
  if (status.replaces !== undefined) status.replaces.setAsideAt = now.toISOString();
  return checkpoint;
}

export function inUse(scope: RestoreScope, users: string): string {
  return `PersistentVolumeClaim ${destinationKey(scope)} cannot be overwritten while ${users}; stop what uses it`;
}

function detachWait({ status, resolved, limits }: RestoreScope, message: string): StepResult {
  const seconds = resolved.deadlines.destinationSeconds;
  return waiting(message, {
    requeueAfterMs: DETACH_POLL_MS,
    deadline: {
      at: limits.endOf(status.startTimestamp, seconds),
      reason: 'DestinationInUse',
      message: `${message} (after ${String(seconds)} s)`,
    },
  });
}
