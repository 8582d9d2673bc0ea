import { reclaimVolumes, releaseCapture, unstageSnapshot } from '../exposure/staging.ts';
import { done, waiting, type Step, type StepResult } from '../request/step.ts';
import { lingeringVolumes } from '../request/lingering.ts';
import type { BackupScope } from './scope.ts';

/** The way back, in order: the mover lets go of the volume before the volume goes, and the snapshot goes last. */
export const backupCleanup: readonly Step<BackupScope>[] = [
  { name: 'clean up mover', run: cleanMover },
  { name: 'clean up staging', run: cleanStaging },
  { name: 'clean up volumes', run: cleanVolumes },
];

async function cleanMover({ serving, child, signal }: BackupScope): Promise<StepResult> {
  const gone = await serving.mover.cleanup({ ...child, signal });
  return gone ? done : waiting('waiting for the mover to let go', { requeueAfterMs: 1000 });
}

async function cleanStaging({ env, child, namespace, status, signal }: BackupScope): Promise<StepResult> {
  const unstaged = await unstageSnapshot(env, child, signal);
  // A snapshot of somebody else is not ours to delete; one that was not cut yet is ours all the same.
  const released = status.capture?.owned === false || (await releaseCapture(env, child, namespace, signal));
  return unstaged && released ? done : waiting('waiting for staging objects to go', { requeueAfterMs: 1000 });
}

async function cleanVolumes({ env, serving, child, status, now, signal }: BackupScope): Promise<StepResult> {
  const claims = [child.name, ...serving.mover.claimsOf({ ...child })];
  return lingeringVolumes(await reclaimVolumes(env, claims, signal), status.conditions ?? [], now);
}
