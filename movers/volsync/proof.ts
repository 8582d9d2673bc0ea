import type { BackupFacts, MoverOutcome, RestoreFacts } from '../mover.ts';
import type { RepositoryContext } from '../restic-repository/access/repository-context.ts';
import { LOG_GRACE_SECONDS, type TimeLeft, type TransferState } from './observation.ts';
import type { ResticLog } from './restic-log.ts';

/** The snapshot that a restore must restore. */
export interface WantedSnapshot {
  snapshotID: string;
  repositoryPath: string;
  recordedLocation: string | undefined;
  context: Pick<RepositoryContext, 'base'>;
}

/**
 * Turns VolSync's success into facts, or into a failure if it proves nothing. VolSync also reports success for an empty volume,
 * for a missing repository and for a restore that matched no snapshot.
 */
export function backupOutcome(
  observed: TransferState,
  syncedAt: string | undefined,
  left: TimeLeft,
): MoverOutcome<BackupFacts> {
  if (observed.state !== 'succeeded') return observed;
  const { log, finishedAt } = observed;
  if (log.savedSnapshot !== undefined) {
    return {
      state: 'Done',
      facts: {
        snapshotID: log.savedSnapshot,
        ...(finishedAt !== undefined && { snapshotTime: finishedAt }),
        ...sizes(log),
        ...(log.addedBytes !== undefined && { uploadedBytes: log.addedBytes }),
      },
    };
  }
  if (log.sourceEmpty) return { state: 'Done', facts: { empty: true, bytes: 0, files: 0 } };
  return (
    stillReading(observed, left(syncedAt, LOG_GRACE_SECONDS)) ?? {
      state: 'Failed',
      reason: 'MoverFailed',
      message:
        'VolSync reports success, but its log names no snapshot, so nothing proves that the data was saved',
    }
  );
}

export function restoreOutcome(
  observed: TransferState,
  wanted: WantedSnapshot,
  syncedAt: string | undefined,
  left: TimeLeft,
): MoverOutcome<RestoreFacts> {
  if (observed.state !== 'succeeded') return observed;
  const { log } = observed;
  if (log.restoredSnapshot !== undefined) {
    return { state: 'Done', facts: { snapshotID: log.restoredSnapshot, ...sizes(log) } };
  }
  if (log.nothingRestored) {
    return {
      state: 'Failed',
      reason: 'RepositoryMissing',
      message: `repository ${wanted.repositoryPath} contains no snapshot ${wanted.snapshotID}, so nothing was restored; ${hintOf(wanted)}`,
    };
  }
  return (
    stillReading(observed, left(syncedAt, LOG_GRACE_SECONDS)) ?? {
      state: 'Failed',
      reason: 'MoverFailed',
      message:
        'VolSync reports success, but its log names no restored snapshot, so nothing proves that the data is back',
    }
  );
}

/** Returns a hint about the place where the snapshot may be instead. */
function hintOf({ context, recordedLocation }: WantedSnapshot): string {
  const known =
    recordedLocation === undefined
      ? ''
      : `; the backup used BackupStorageLocation ${recordedLocation}, which config.backupStorageLocation.name of the DataMoverClass can name here`;
  return `check that ${context.base} is the location of the backup${known}`;
}

/** Returns a wait if the pod's log is incomplete, until the time is up. */
function stillReading(
  observed: Extract<TransferState, { state: 'succeeded' }>,
  leftMs: number,
): Extract<MoverOutcome<never>, { state: 'InProgress' }> | undefined {
  if (observed.logComplete || leftMs <= 0) return undefined;
  return {
    state: 'InProgress',
    started: true,
    message: "reading the mover's log",
    requeueAfterMs: leftMs,
  };
}

function sizes({ bytes, files }: ResticLog): { bytes?: number; files?: number } {
  return { ...(bytes !== undefined && { bytes }), ...(files !== undefined && { files }) };
}
