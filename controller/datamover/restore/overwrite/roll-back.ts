import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../../../api/kubernetes/meta.ts';
import { isAlreadyExists, isForbidden } from '../../../../kube/client/kube-error.ts';
import { claimFrom } from '../../../../volumes/handover/replacement.ts';
import {
  rebindVolume,
  isParked,
  unparkVolume,
  annotateReplacedBy,
  type Parking,
} from '../../../../volumes/handover/parked-volume.ts';
import { requestUidOf } from '../../../../lifecycle/request/child-identity.ts';
import { done, waiting, type StepResult } from '../../../../lifecycle/request/step.ts';
import type { RestoreScope } from '../scope.ts';

type Replaces = NonNullable<RestoreScope['status']['replaces']>;

/** The state as read from the API server: a cache that lags could cost the data. */
interface ReplacedState {
  parking: Parking;
  replaces: Replaces;
  /** The parked volume. */
  former: PersistentVolume;
  /** The claim that has the name of the destination now. */
  claim: PersistentVolumeClaim | undefined;
}

const ROLL_BACK_POLL_MS = 2_000;

/**
 * Ends what {@link detachVolume} started. After a success, the former volume is handled by its reclaim policy. After a failure, it
 * returns to its claim, which is created again if this restore deleted it.
 */
export async function finishOverwrite(scope: RestoreScope): Promise<StepResult> {
  const { replaces, handOver } = scope.status;
  if (replaces === undefined || replaces.outcome !== undefined) return done;
  const found = await readState(scope, replaces);
  if ('parking' in found)
    return handOver?.boundAt === undefined ? rollBack(scope, found) : releaseFormer(found);
  replaces.outcome = found.isBack ? 'RolledBack' : 'Released';
  return done;
}

/** `isBack`: the volume is not parked, and the claim has it. */
async function readState(
  scope: RestoreScope,
  replaces: Replaces,
): Promise<ReplacedState | { isBack: boolean }> {
  const { env, child, signal, namespace, restore } = scope;
  const { client } = env;
  const requestUid = requestUidOf(child);
  const former = await client.get(persistentVolumes, { name: replaces.persistentVolume }, { signal });
  const key = { namespace, name: restore.spec.destinationClaimRef.name };
  const claim = await client.get(persistentVolumeClaims, key, { signal });
  if (former !== undefined && isParked(former, requestUid))
    return { parking: { client, requestUid, signal }, replaces, former, claim };
  return { isBack: claim !== undefined && former?.spec.claimRef?.uid === claim.metadata.uid };
}

/** Releases the former volume, which nothing refers to any more. */
async function releaseFormer({ parking, former, replaces }: ReplacedState): Promise<StepResult> {
  await unparkVolume(parking, former, replaces.reclaimPolicy);
  replaces.outcome = 'Released';
  return done;
}

async function rollBack(scope: RestoreScope, found: ReplacedState): Promise<StepResult> {
  const { claim, replaces, former } = found;
  const isOurDoing = replaces.claim !== undefined;
  if (claim === undefined) return isOurDoing ? recreateClaim(scope, found) : releaseFormer(found);
  if (claim.metadata.deletionTimestamp !== undefined)
    return isOurDoing
      ? rollBackWait(`waiting for the deletion of PersistentVolumeClaim ${claim.metadata.name}`)
      : releaseFormer(found);
  if (claim.metadata.uid === scope.status.destinationUID || claim.spec.volumeName === former.metadata.name)
    return rebindFormer(found, claim);
  return claim.spec.volumeName === scope.status.handOver?.persistentVolume
    ? deleteReplacement(scope, found, claim)
    : keepReplacement(replaces);
}

/** Uses two writes, so that the volume is retained until its claim is bound to it. */
async function rebindFormer(
  { parking, former, replaces }: ReplacedState,
  claim: PersistentVolumeClaim,
): Promise<StepResult> {
  if (former.spec.claimRef?.uid !== claim.metadata.uid) await rebindVolume(parking, former, claim);
  await annotateReplacedBy(parking, claim, undefined);
  const isGivenBack = former.spec.claimRef?.uid === claim.metadata.uid;
  if (isGivenBack && claim.status?.phase === 'Bound') {
    await unparkVolume(parking, former, replaces.reclaimPolicy);
    replaces.outcome = 'RolledBack';
    return done;
  }
  return rollBackWait(
    `waiting for PersistentVolumeClaim ${claim.metadata.name} to be bound to its former volume`,
  );
}

/** Deletes the claim that was created for the restored volume, unless it is bound. */
async function deleteReplacement(
  { env }: RestoreScope,
  { parking: { client, signal }, replaces }: ReplacedState,
  claim: PersistentVolumeClaim,
): Promise<StepResult> {
  const { name, namespace = '', uid = '', resourceVersion = '' } = claim.metadata;
  const restored = env.listers.volumes.get(claim.spec.volumeName ?? '');
  if (claim.status?.phase === 'Bound' || restored?.spec.claimRef?.uid === uid)
    return keepReplacement(replaces);
  await client.delete(persistentVolumeClaims, { namespace, name }, { uid, resourceVersion, signal });
  return rollBackWait(`waiting for the deletion of PersistentVolumeClaim ${name}`);
}

async function recreateClaim(
  { namespace, restore }: RestoreScope,
  found: ReplacedState,
): Promise<StepResult> {
  const { parking, replaces, former } = found;
  const key = { namespace, name: restore.spec.destinationClaimRef.name };
  const renewal = { key, volumeName: former.metadata.name, restore: formatKey(keyOf(restore)) };
  const claim = claimFrom(replaces.claim ?? {}, renewal);
  try {
    await parking.client.create(persistentVolumeClaims, claim, { signal: parking.signal });
  } catch (error) {
    // The namespace is being deleted, and would delete the claim and its volume.
    if (isForbidden(error) && error.message.includes('being terminated')) return releaseFormer(found);
    if (!isAlreadyExists(error)) throw error;
  }
  return rollBackWait(`creating PersistentVolumeClaim ${key.name} again, for its former volume`);
}

function keepReplacement(replaces: Replaces): StepResult {
  replaces.outcome = 'Kept';
  return done;
}

function rollBackWait(message: string): StepResult {
  return waiting(message, { requeueAfterMs: ROLL_BACK_POLL_MS });
}
