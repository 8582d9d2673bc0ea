import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../../../api/kubernetes/meta.ts';
import { usersOf } from '../../../../volumes/handover/claim-users.ts';
import { releaseFromStaging, refuseMisfit, type HandOver } from '../../../../volumes/handover/hand-over.ts';
import { destinationLost } from '../../../../volumes/handover/destination-lost.ts';
import { claimFrom, isRecorded, recordOf } from '../../../../volumes/handover/replacement.ts';
import { isParked } from '../../../../volumes/handover/parked-volume.ts';
import { checkpoint, done, failed, waiting, type StepResult } from '../../../../lifecycle/request/step.ts';
import { inUse } from './detach-volume.ts';
import type { RestoreScope } from '../scope.ts';

type Replaces = NonNullable<RestoreScope['status']['replaces']>;

const REPLACE_POLL_MS = 5_000;

/**
 * Replaces the destination claim by one with the same name and content that names the restored volume, because the volume of a
 * claim cannot be changed. The former volume is parked. The former claim is recorded before it is deleted; from then on a failure
 * creates it again.
 */
export async function replaceClaim(
  scope: RestoreScope,
  h: HandOver,
  replaces: Replaces,
): Promise<StepResult> {
  const { destination, destinationKey } = h;
  const { destinationUID } = scope.status;
  if (destination?.spec.volumeName === h.volumeName) return done;
  if (destination !== undefined && destination.metadata.uid === destinationUID)
    return retireFormer(scope, { ...h, destination }, replaces);
  if (replaces.claim === undefined) {
    const lost = destinationLost(destinationKey, destination, destinationUID);
    return failed('DestinationNotFound', lost ?? `PersistentVolumeClaim ${destinationKey} was deleted`);
  }
  if (destination === undefined) return createReplacement(scope, h.volumeName, replaces.claim);
  return failed(
    'DestinationBound',
    `PersistentVolumeClaim ${destinationKey} was deleted and created again while its data was being replaced; ` +
      `its former volume ${replaces.persistentVolume} is kept`,
  );
}

type Former = HandOver & { destination: PersistentVolumeClaim };

/** Deletes the former claim once the restored volume can be bound. */
async function retireFormer(scope: RestoreScope, h: Former, replaces: Replaces): Promise<StepResult> {
  const { volume, destination } = h;
  if (destination.metadata.deletionTimestamp !== undefined) return deletionWait(h, replaces);
  if (volume === undefined) return waiting(`waiting to see PersistentVolume ${h.volumeName}`);
  const refused = refuseMisfit(h.destinationKey, volume, destination);
  if (refused !== undefined) return refused;
  const freed = await releaseFromStaging(h, volume, destination);
  return freed.state === 'done' ? deleteFormer(scope, h, replaces) : freed;
}

async function deleteFormer(scope: RestoreScope, h: Former, replaces: Replaces): Promise<StepResult> {
  const { env, signal, status } = scope;
  const { destination } = h;
  const former = env.listers.volumes.get(replaces.persistentVolume);
  if (former === undefined || !isParked(former, h.requestUid)) return noLongerParked(h, replaces);
  const users = await usersOf(env, destination, replaces.persistentVolume, signal);
  if (users !== undefined) return waiting(inUse(scope, users), { requeueAfterMs: REPLACE_POLL_MS });
  if (!isRecorded(replaces.claim, destination)) {
    status.replaces = { ...replaces, claim: recordOf(destination) };
    return checkpoint;
  }
  await scope.assertCurrent();
  const { name, namespace = '', uid = '', resourceVersion = '' } = destination.metadata;
  await env.client.delete(persistentVolumeClaims, { namespace, name }, { uid, resourceVersion, signal });
  return deletionWait(h, replaces);
}

function deletionWait({ destinationKey }: Former, { claim }: Replaces): StepResult {
  return claim === undefined
    ? failed('DestinationNotFound', `PersistentVolumeClaim ${destinationKey} is being deleted`)
    : waiting(
        `waiting for the deletion of the former PersistentVolumeClaim ${destinationKey}; pods that refer to it block the deletion`,
      );
}

function noLongerParked({ destinationKey }: Former, { persistentVolume }: Replaces): StepResult {
  return failed(
    'DestinationBound',
    `PersistentVolume ${persistentVolume} was changed while it was parked for PersistentVolumeClaim ${destinationKey}`,
  );
}

async function createReplacement(
  { env, namespace, restore, signal }: RestoreScope,
  volumeName: string,
  record: NonNullable<Replaces['claim']>,
): Promise<StepResult> {
  const key = { namespace, name: restore.spec.destinationClaimRef.name };
  const claim = claimFrom(record, { key, volumeName, restore: formatKey(keyOf(restore)) });
  await env.creator.createOnce(persistentVolumeClaims, claim, signal);
  const message = `waiting to see PersistentVolumeClaim ${namespace}/${key.name} with its new volume`;
  return waiting(message, { requeueAfterMs: REPLACE_POLL_MS });
}
