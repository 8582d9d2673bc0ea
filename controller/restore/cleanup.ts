import { abandonVolume } from '../handover/hand-over.ts';
import { reclaimVolumes, unstageEmpty } from '../exposure/staging.ts';
import { requestUidOf } from '../request/children.ts';
import { lingeringVolumes } from '../request/lingering.ts';
import { done, waiting, type Step, type StepResult } from '../request/step.ts';
import type { RestoreScope } from './scope.ts';

/** The way back, in order. After a success there is little left: the volume has gone to its claim. */
export const restoreCleanup: readonly Step<RestoreScope>[] = [
  { name: 'clean up mover', run: cleanMover },
  { name: 'clean up staging', run: cleanStaging },
  { name: 'clean up volumes', run: cleanVolumes },
];

async function cleanMover({ serving, child, signal }: RestoreScope): Promise<StepResult> {
  const gone = await serving.mover.cleanup({ ...child, signal });
  return gone ? done : waiting('waiting for the mover to let go', { requeueAfterMs: 1000 });
}

async function cleanStaging({ env, child, signal }: RestoreScope): Promise<StepResult> {
  return (await unstageEmpty(env, child, signal))
    ? done
    : waiting('waiting for staging objects to go', { requeueAfterMs: 1000 });
}

async function cleanVolumes({ env, serving, child, status, now, signal }: RestoreScope): Promise<StepResult> {
  const handed = status.handOver?.persistentVolume;
  if (handed !== undefined)
    await abandonVolume(env.client, env.listers.volumes.get(handed), requestUidOf(child), signal);
  const claims = [child.name, ...serving.mover.claimsOf(child)];
  return lingeringVolumes(await reclaimVolumes(env, claims, signal), status.conditions ?? [], now);
}
