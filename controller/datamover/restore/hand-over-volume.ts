import { labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { conditionTypes } from '../../../api/datamover/v1alpha1/reasons.ts';
import { handOver, type HandOver } from '../../../volumes/handover/hand-over.ts';
import { requestUidOf } from '../../../lifecycle/request/child-identity.ts';
import { checkpoint, done, waiting, type StepResult } from '../../../lifecycle/request/step.ts';
import { replaceClaim } from './overwrite/replace-claim.ts';
import { destinationClaim, destinationKey, type RestoreScope } from './scope.ts';

/** Cleans up the mover and records the restored volume and its final reclaim policy. */
export async function releaseMover(scope: RestoreScope): Promise<StepResult> {
  if (scope.status.handOver !== undefined) return done;
  const { resolved, child, signal, env, status, source } = scope;
  const left = await resolved.mover.cleanup({ ...child, signal });
  if (left.length > 0)
    return handOverWait(scope, `waiting for ${left.join(', ')} to release the volume`, 1000);
  const volumeName = env.listers.claims.get(`${env.namespace}/${child.name}`)?.spec.volumeName;
  const volume = volumeName === undefined ? undefined : env.listers.volumes.get(volumeName);
  if (volume === undefined) {
    const claim = `${env.namespace}/${child.name}`;
    return handOverWait(scope, `waiting for the volume of staging PersistentVolumeClaim ${claim}`);
  }
  const before = volume.spec.persistentVolumeReclaimPolicy ?? 'Delete';
  status.handOver = {
    persistentVolume: volume.metadata.name,
    reclaimPolicy: recordedPolicy(source) ?? before,
  };
  return checkpoint;
}

/** Ignores `Recycle`, which only old in-tree drivers support. */
function recordedPolicy({ volume }: RestoreScope['source']): string | undefined {
  return volume?.reclaimPolicy === 'Recycle' ? undefined : volume?.reclaimPolicy;
}

export async function handOverVolume(scope: RestoreScope): Promise<StepResult> {
  const { status, now } = scope;
  if (status.handOver === undefined) throw new Error('hand-over before release');
  const result = await replaceAndHandOver(scope, handOverOf(scope, status.handOver));
  if (result.state === 'done') {
    status.handOver.boundAt = now.toISOString();
    return checkpoint;
  }
  return result.state === 'waiting' ? handOverWait(scope, result.message, result.requeueAfterMs) : result;
}

/** If the destination had a volume, its claim is replaced first, so the destination is then another claim. */
async function replaceAndHandOver(scope: RestoreScope, h: HandOver): Promise<StepResult> {
  const { replaces } = scope.status;
  if (replaces === undefined) return handOver(h);
  const replaced = await replaceClaim(scope, h, replaces);
  return replaced.state === 'done' ? handOver({ ...h, destinationUID: undefined }) : replaced;
}

function handOverOf(
  scope: RestoreScope,
  { persistentVolume: volumeName, reclaimPolicy }: NonNullable<RestoreScope['status']['handOver']>,
): HandOver {
  const { env, status, child, source, signal } = scope;
  return {
    client: env.client,
    volumeName,
    volume: env.listers.volumes.get(volumeName),
    staging: env.listers.claims.get(`${env.namespace}/${child.name}`),
    destination: destinationClaim(scope),
    destinationKey: destinationKey(scope),
    destinationUID: status.destinationUID,
    reclaimPolicy,
    volumeLabels: source.volume?.pvLabels ?? {},
    volumeAnnotations: source.volume?.pvAnnotations ?? {},
    selectors: [labels.restoredBy],
    requestUid: requestUidOf(child),
    signal,
  };
}

/** Returns a wait that fails the restore if the volume is not handed over in time. */
function handOverWait(scope: RestoreScope, message: string, requeueAfterMs?: number): StepResult {
  const { status, resolved, now, limits } = scope;
  const seconds = resolved.deadlines.handOverSeconds;
  const moved = status.conditions?.find(({ type }) => type === conditionTypes.moved)?.lastTransitionTime;
  const since = status.verification?.doneAt ?? moved ?? now.toISOString();
  return waiting(message, {
    deadline: {
      at: limits.endOf(since, seconds),
      message: `no hand-over within ${String(seconds)} s: ${message}`,
    },
    ...(requeueAfterMs !== undefined && { requeueAfterMs }),
  });
}
