import { desiredDelete } from '../../../../api/datamover/v1alpha1/desired-delete.ts';
import { annotations } from '../../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverDeletes } from '../../../../api/datamover/v1alpha1/kinds.ts';
import { SNAPSHOT_INDEX } from '../../environment.ts';
import { isSameSnapshot, isSnapshotID, shortID } from '../../../../movers/snapshot-id.ts';
import { checkpoint, done, type StepResult } from '../../../../lifecycle/request/step.ts';
import { recordedLocation } from '../location.ts';
import type { BackupScope } from '../scope.ts';

/**
 * Orphaned snapshots: snapshots that a backup has saved in addition to its result, in a try that failed after saving, or because
 * the cancel came too late. No record names them, so they would stay in the repository forever.
 */

/** A bound for the status; a backup has fewer tries. */
const MAX_RECORDED = 64;

/** Records the orphaned snapshots in the status before the mover's objects are deleted. Runs again if more become known. */
export async function recordOrphanedSnapshots(scope: BackupScope): Promise<StepResult> {
  const { status, resolved, child, signal } = scope;
  // A mover may have started before `movingSince` was stored, but never before `admittedAt` was.
  if (status.admittedAt === undefined) return done;
  const known = status.orphanedSnapshots ?? [];
  const fromLog = (await resolved.mover.savedSnapshots?.({ ...child, signal })) ?? [];
  // A saved snapshot that was not verified is orphaned, even if the log does not name it.
  const unproved = status.unverifiedResult?.snapshotID;
  const named = unproved === undefined ? fromLog : [unproved, ...fromLog];
  const saved = named.filter((id) => isSnapshotID(resolved.mover, id));
  const found = [...new Set(saved)].filter((id) => !known.includes(id) && !isNeeded(scope, id));
  if (found.length === 0 || known.length >= MAX_RECORDED) return done;
  status.orphanedSnapshots = [...known, ...found].slice(0, MAX_RECORDED);
  return checkpoint;
}

/** A snapshot that any record names is kept, even if the log of a mover contains it. */
function isNeeded({ env, status }: BackupScope, id: string): boolean {
  const recorded = env.listers.backups.byIndex(SNAPSHOT_INDEX, shortID(id));
  const results = [status.result, ...recorded.map((one) => one.status?.result)];
  return results.some((result) => result?.snapshotID !== undefined && isSameSnapshot(result.snapshotID, id));
}

/** Creates a DataMoverDelete for each orphaned snapshot. It waits until this backup releases the repository. */
export async function removeOrphanedSnapshots(scope: BackupScope): Promise<StepResult> {
  const { env, backup, status, signal } = scope;
  const { orphanedSnapshots = [], mover = '', repositoryPath: repository = '' } = status;
  if (orphanedSnapshots.length === 0) return done;
  const { namespace } = env;
  const veleroBackup = {
    namespace,
    name: backup.metadata.annotations?.[annotations.veleroBackup],
    storageLocation: await recordedLocation(scope),
  };
  for (const snapshotID of orphanedSnapshots) {
    const wish = desiredDelete(veleroBackup, { ...backup, status }, { mover, repository, snapshotID });
    await env.creator.createOnce(dataMoverDeletes, wish, signal);
  }
  return done;
}
