import { cleanMover } from '../clean-mover.ts';
import { abandonVolume } from '../../../volumes/handover/hand-over.ts';
import { nameOfVolume, reclaimVolumes, unstageEmpty } from '../../../volumes/exposure/staging.ts';
import { requestUidOf } from '../../../lifecycle/request/child-identity.ts';
import { untilGone } from '../../../lifecycle/request/run-cleanup.ts';
import type { Step, StepResult } from '../../../lifecycle/request/step.ts';
import { finishOverwrite } from './overwrite/roll-back.ts';
import type { RestoreScope } from './scope.ts';

/** The cleanup steps, in order. After a success little is left to do, because the claim has the volume. */
export const restoreCleanup: readonly Step<RestoreScope>[] = [
  // First, so that users of the former data wait no longer than necessary.
  { name: 'settle what was replaced', run: finishOverwrite },
  cleanMover,
  { name: 'clean up staging', run: cleanStaging },
  { name: 'clean up volumes', run: cleanVolumes },
];

async function cleanStaging({ env, child, signal }: RestoreScope): Promise<StepResult> {
  return untilGone(await unstageEmpty(env, child, signal));
}

async function cleanVolumes(scope: RestoreScope): Promise<StepResult> {
  const { env, resolved, child, status, signal } = scope;
  const claims = [child.name, ...resolved.mover.claimsOf(child)];
  const left = new Set(await reclaimVolumes(env, claims, signal));
  const handed = status.handOver;
  if (handed !== undefined && !(await abandon(scope, handed)))
    left.add(nameOfVolume(handed.persistentVolume));
  const replaced = releasedVolume(scope);
  if (replaced !== undefined) left.add(nameOfVolume(replaced));
  return untilGone([...left]);
}

/** Returns the former volume until the storage driver has deleted it. */
function releasedVolume({ env, status: { replaces } }: RestoreScope): string | undefined {
  if (replaces?.outcome !== 'Released' || replaces.reclaimPolicy !== 'Delete') return undefined;
  return env.listers.volumes.get(replaces.persistentVolume)?.metadata.name;
}

/** Does nothing after a success, which is visible in the volume itself. */
function abandon(
  { env, child, signal }: RestoreScope,
  { persistentVolume, reclaimPolicy }: NonNullable<RestoreScope['status']['handOver']>,
): Promise<boolean> {
  const volume = env.listers.volumes.get(persistentVolume);
  const { namespace = '', name = '' } = volume?.spec.claimRef ?? {};
  const claim = env.listers.claims.get(`${namespace}/${name}`);
  const requestUid = requestUidOf(child);
  return abandonVolume({ client: env.client, volume, claim, requestUid, reclaimPolicy, signal });
}
