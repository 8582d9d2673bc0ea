import { cleanMover } from '../clean-mover.ts';
import { unstageAlias } from '../../../volumes/exposure/alias.ts';
import { reclaimVolumes, releaseCapture, unstageSnapshot } from '../../../volumes/exposure/staging.ts';
import { untilGone } from '../../../lifecycle/request/run-cleanup.ts';
import type { Step, StepResult } from '../../../lifecycle/request/step.ts';
import type { BackupScope } from './scope.ts';
import { recordOrphanedSnapshots, removeOrphanedSnapshots } from './capture/orphaned-snapshots.ts';

/** The cleanup steps, in order: the mover releases the volume, then the volume is deleted, then the snapshot. */
export const backupCleanup: readonly Step<BackupScope>[] = [
  { name: 'record orphaned snapshots', run: recordOrphanedSnapshots },
  cleanMover,
  { name: 'remove orphaned snapshots', run: removeOrphanedSnapshots },
  { name: 'clean up staging', run: cleanStaging },
  { name: 'clean up volumes', run: cleanVolumes },
];

async function cleanStaging({ env, child, namespace, status, signal }: BackupScope): Promise<StepResult> {
  const isLive = status.capture?.consistency === 'Live';
  const staged = await (isLive ? unstageAlias : unstageSnapshot)(env, child, signal);
  // A snapshot that another controller or a user created is not ours to delete; one of ours that was not cut yet is.
  const isForeign = status.capture?.owned === false;
  const snapshot = { namespace, uid: status.capture?.volumeSnapshotUID };
  const captured = isForeign ? [] : await releaseCapture(env, child, snapshot, signal);
  return untilGone([...staged, ...captured]);
}

async function cleanVolumes({ env, resolved, child, signal }: BackupScope): Promise<StepResult> {
  const claims = [child.name, ...resolved.mover.claimsOf({ ...child })];
  return untilGone(await reclaimVolumes(env, claims, signal));
}
