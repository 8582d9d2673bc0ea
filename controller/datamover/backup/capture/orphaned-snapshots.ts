import { desiredDelete } from '../../../../api/datamover/v1alpha1/desired-delete.ts';
import { annotations } from '../../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverDeletes } from '../../../../api/datamover/v1alpha1/kinds.ts';
import { SNAPSHOT_INDEX } from '../../environment.ts';
import { isSameSnapshot, isSnapshotID, shortID } from '../../../../movers/snapshot-id.ts';
import { checkpoint, done, type StepResult } from '../../../../lifecycle/request/step.ts';
import { recordedLocation } from '../location.ts';
import type { BackupScope } from '../scope.ts';

/**
 * What a backup has put into its repository beside its result: by a try that failed after it had saved, or because the cancel
 * came too late. No record will ever name it, so it would stay there for ever.
 */

/** More than there are tries; a bound for the status. */
const MOST = 64;

/** Writes down, before the mover's traces go, which snapshots it has left. Told again when more become known. */
export async function noteStrays(scope: BackupScope): Promise<StepResult> {
  const { status, serving, child, signal } = scope;
  // A mover may have begun before that was written down; the place that it needs has always been.
  if (status.admittedAt === undefined) return done;
  const known = status.strays ?? [];
  const said = (await serving.mover.savedSnapshots?.({ ...child, signal })) ?? [];
  // What was saved and could not be verified is a stray for sure, whatever is left of the log.
  const unproved = status.saved?.snapshotID;
  const named = unproved === undefined ? said : [unproved, ...said];
  const saved = named.filter((id) => isSnapshotID(serving.mover, id));
  const found = [...new Set(saved)].filter((id) => !known.includes(id) && !isNeeded(scope, id));
  if (found.length === 0 || known.length >= MOST) return done;
  status.strays = [...known, ...found].slice(0, MOST);
  return checkpoint;
}

/** A record names it, its own or another's: whatever the log of a mover says then, it stays. */
function isNeeded({ env, status }: BackupScope, id: string): boolean {
  const recorded = env.listers.backups.byIndex(SNAPSHOT_INDEX, shortID(id));
  const results = [status.result, ...recorded.map((one) => one.status?.result)];
  return results.some((result) => result?.snapshotID !== undefined && isSameSnapshot(result.snapshotID, id));
}

/** Asks for their removal as for that of any backup's data; it waits until this backup lets its repository go. */
export async function removeStrays(scope: BackupScope): Promise<StepResult> {
  const { env, backup, status, signal } = scope;
  const { strays = [], mover = '', repositoryPath: repository = '' } = status;
  if (strays.length === 0) return done;
  const { namespace } = env;
  const veleroBackup = {
    namespace,
    name: backup.metadata.annotations?.[annotations.veleroBackup],
    storageLocation: await recordedLocation(scope),
  };
  for (const snapshotID of strays) {
    const wish = desiredDelete(veleroBackup, { ...backup, status }, { mover, repository, snapshotID });
    await env.creator.createOnce(dataMoverDeletes, wish, signal);
  }
  return done;
}
