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
  giveBack,
  isSetAside,
  letGo,
  tellClaim,
  type Setter,
} from '../../../../volumes/handover/parked-volume.ts';
import { requestUidOf } from '../../../../lifecycle/request/child-identity.ts';
import { done, waiting, type StepResult } from '../../../../lifecycle/request/step.ts';
import type { RestoreScope } from '../scope.ts';

type Replaces = NonNullable<RestoreScope['status']['replaces']>;

/** The state as read from the API server: a cache that lags could cost the data. */
interface Found {
  setter: Setter;
  replaces: Replaces;
  /** The parked volume. */
  former: PersistentVolume;
  /** The claim that has the name of the destination now. */
  claim: PersistentVolumeClaim | undefined;
}

const LOOK_AGAIN_MS = 2_000;

/**
 * Ends what {@link makeWay} started. After a success, the former volume is handled by its reclaim policy. After a failure, it
 * returns to its claim, which is created again if this restore deleted it.
 */
export async function settleReplaced(scope: RestoreScope): Promise<StepResult> {
  const { replaces, handOver } = scope.status;
  if (replaces === undefined || replaces.outcome !== undefined) return done;
  const found = await look(scope, replaces);
  if ('setter' in found) return handOver?.boundAt === undefined ? putBack(scope, found) : release(found);
  replaces.outcome = found.isBack ? 'PutBack' : 'Released';
  return done;
}

/** `isBack`: the volume is not parked, and the claim has it. */
async function look(scope: RestoreScope, replaces: Replaces): Promise<Found | { isBack: boolean }> {
  const { env, child, signal, namespace, restore } = scope;
  const { client } = env;
  const requestUid = requestUidOf(child);
  const former = await client.get(persistentVolumes, { name: replaces.persistentVolume }, { signal });
  const key = { namespace, name: restore.spec.destinationClaimRef.name };
  const claim = await client.get(persistentVolumeClaims, key, { signal });
  if (former !== undefined && isSetAside(former, requestUid))
    return { setter: { client, requestUid, signal }, replaces, former, claim };
  return { isBack: claim !== undefined && former?.spec.claimRef?.uid === claim.metadata.uid };
}

/** Releases the former volume, which nothing refers to any more. */
async function release({ setter, former, replaces }: Found): Promise<StepResult> {
  await letGo(setter, former, replaces.reclaimPolicy);
  replaces.outcome = 'Released';
  return done;
}

async function putBack(scope: RestoreScope, found: Found): Promise<StepResult> {
  const { claim, replaces, former } = found;
  const isOurDoing = replaces.claim !== undefined;
  if (claim === undefined) return isOurDoing ? renew(scope, found) : release(found);
  if (claim.metadata.deletionTimestamp !== undefined)
    return isOurDoing
      ? soon(`waiting for PersistentVolumeClaim ${claim.metadata.name} to go`)
      : release(found);
  if (claim.metadata.uid === scope.status.destinationUID || claim.spec.volumeName === former.metadata.name)
    return reunite(found, claim);
  return claim.spec.volumeName === scope.status.handOver?.persistentVolume
    ? withdraw(scope, found, claim)
    : keep(replaces);
}

/** Uses two writes, so that the volume is retained until its claim is bound to it. */
async function reunite(
  { setter, former, replaces }: Found,
  claim: PersistentVolumeClaim,
): Promise<StepResult> {
  if (former.spec.claimRef?.uid !== claim.metadata.uid) await giveBack(setter, former, claim);
  await tellClaim(setter, claim, undefined);
  const isGivenBack = former.spec.claimRef?.uid === claim.metadata.uid;
  if (isGivenBack && claim.status?.phase === 'Bound') {
    await letGo(setter, former, replaces.reclaimPolicy);
    replaces.outcome = 'PutBack';
    return done;
  }
  return soon(`waiting for PersistentVolumeClaim ${claim.metadata.name} to have its volume again`);
}

/** Deletes the claim that was created for the restored volume, unless it is bound. */
async function withdraw(
  { env }: RestoreScope,
  { setter: { client, signal }, replaces }: Found,
  claim: PersistentVolumeClaim,
): Promise<StepResult> {
  const { name, namespace = '', uid = '', resourceVersion = '' } = claim.metadata;
  const restored = env.listers.volumes.get(claim.spec.volumeName ?? '');
  if (claim.status?.phase === 'Bound' || restored?.spec.claimRef?.uid === uid) return keep(replaces);
  await client.delete(persistentVolumeClaims, { namespace, name }, { uid, resourceVersion, signal });
  return soon(`waiting for PersistentVolumeClaim ${name} to go`);
}

async function renew({ namespace, restore }: RestoreScope, found: Found): Promise<StepResult> {
  const { setter, replaces, former } = found;
  const key = { namespace, name: restore.spec.destinationClaimRef.name };
  const renewal = { key, volumeName: former.metadata.name, restore: formatKey(keyOf(restore)) };
  const claim = claimFrom(replaces.claim ?? {}, renewal);
  try {
    await setter.client.create(persistentVolumeClaims, claim, { signal: setter.signal });
  } catch (error) {
    // The namespace is being deleted, and would delete the claim and its volume.
    if (isForbidden(error) && error.message.includes('being terminated')) return release(found);
    if (!isAlreadyExists(error)) throw error;
  }
  return soon(`creating PersistentVolumeClaim ${key.name} again, for its former volume`);
}

function keep(replaces: Replaces): StepResult {
  replaces.outcome = 'Kept';
  return done;
}

function soon(message: string): StepResult {
  return waiting(message, { requeueAfterMs: LOOK_AGAIN_MS });
}
