import type { BackupFacts } from '../mover.ts';
import { notSavedIn } from '../restic-repository/transfer/not-saved.ts';
import type { Messages, Summary } from '../restic-repository/transfer/transfer-messages.ts';

/** Facts of a finished backup, read from its log. */

export function savedFacts(found: Messages): BackupFacts {
  const notSaved = notSavedIn(found);
  return {
    ...snapshotFacts(found),
    ...(found.root !== undefined && { rootFolder: found.root }),
    ...(found.repositoryID !== undefined && { repositoryID: found.repositoryID }),
    ...(notSaved !== undefined && { notSaved }),
  };
}

function snapshotFacts({ summary, saved, isEmpty }: Messages): BackupFacts {
  if (isEmpty) return { empty: true, bytes: 0, files: 0 };
  // restic names no snapshot if the volume is unchanged since the newest one.
  const found = (summary?.snapshot_id ?? '') === '' ? saved.at(-1) : undefined;
  if (found !== undefined) return factsOf(found.id, found.summary?.backup_end ?? found.time, found.summary);
  return summary === undefined ? {} : factsOf(summary.snapshot_id, summary.backup_end, summary);
}

/** Returns the ids of all snapshots that were saved for the request. */
export function snapshotsIn({ summary, saved }: Messages): string[] {
  const ids = [...saved.map(({ id }) => id), summary?.snapshot_id ?? ''];
  return ids.filter((id) => id !== '');
}

/** Treats fields that restic omits as zero. */
function factsOf(id: string | undefined, time: string | undefined, told: Summary | undefined): BackupFacts {
  const { total_bytes_processed = 0, total_files_processed = 0, data_added = 0 } = told ?? {};
  return {
    ...(id !== undefined && { snapshotID: id }),
    ...(time !== undefined && { snapshotTime: time }),
    bytes: total_bytes_processed,
    files: total_files_processed,
    uploadedBytes: data_added,
  };
}
