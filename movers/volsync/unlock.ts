import {
  replicationSources,
  type ReplicationDestination,
  type ReplicationSource,
} from '../../api/volsync/v1alpha1.ts';
import type { MoverOutcome, MoverRequest } from '../mover.ts';
import { unlockTask } from '../restic-repository/maintenance/maintenance-tasks.ts';
import type { VolSyncConfig } from './config.ts';
import type { VolSync } from './dependencies.ts';
import type { Unlocking } from './observation.ts';

/**
 * Makes VolSync remove locks that were not refreshed for half an hour, and run the mover again. Not set from the start: if a
 * repository cannot be reached, unlocking would hide that for a quarter of an hour.
 */
export async function unlockForBackup(
  { client, namespace }: VolSync,
  { name, signal }: MoverRequest<VolSyncConfig>,
  job: string,
): Promise<MoverOutcome<never>> {
  const patch = { spec: { restic: { unlock: job } } };
  await client.mergePatch(replicationSources, { namespace, name }, patch, { signal });
  const message = 'the repository is locked: waiting for VolSync to remove stale locks';
  return { state: 'InProgress', started: true, message };
}

/** Removes stale locks with a Job of ours, because VolSync cannot do so for a restore. The mover's next try finds none. */
export async function unlockForRestore(
  { resticRunner }: VolSync,
  request: MoverRequest<VolSyncConfig>,
  { apiVersion, kind, metadata: { name, uid = '' } }: ReplicationDestination,
): Promise<MoverOutcome<never>> {
  const outcome = await resticRunner.run(
    request,
    unlockTask(request.config, { apiVersion, kind, name, uid }),
  );
  if (outcome.state !== 'Done') return outcome;
  return { state: 'InProgress', started: true, message: 'stale locks of the repository are removed' };
}

/** VolSync unlocks once per value of the field, so the value is the uid of the Job that met the lock. */
export function unlockingOf({ spec: { restic } }: ReplicationSource): Unlocking {
  return restic?.unlock === undefined
    ? { isPossible: true }
    : { isPossible: false, lockMetBy: restic.unlock };
}
