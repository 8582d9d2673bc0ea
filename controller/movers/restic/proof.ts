import type { BackupFacts } from '../mover.ts';
import type { ErrorKind } from '../../restic-repository/script-log.ts';
import { notSavedIn } from '../../restic-repository/not-saved.ts';
import {
  readMessages,
  type ItemErrors,
  type Messages,
  type Summary,
} from '../../restic-repository/transfer-messages.ts';

/** What the end of a transfer proves. */

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
  // It names no snapshot where it has found the volume as the newest one has it.
  const found = (summary?.snapshot_id ?? '') === '' ? saved.at(-1) : undefined;
  if (found !== undefined) return factsOf(found.id, found.summary?.backup_end ?? found.time, found.summary);
  return summary === undefined ? {} : factsOf(summary.snapshot_id, summary.backup_end, summary);
}

/** Every snapshot that is there for the request. */
export function snapshotsIn({ summary, saved }: Messages): string[] {
  const ids = [...saved.map(({ id }) => id), summary?.snapshot_id ?? ''];
  return ids.filter((id) => id !== '');
}

/** What restic leaves out is zero. */
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

/** All contents are back, and whatever else went wrong is about what is around them. */
export function provesRestore(lines: readonly string[]): boolean {
  const { summary, errors, errorCount } = readMessages(lines);
  const counted = [...errors.values()].reduce((sum, { count }) => sum + count, 0);
  if (summary === undefined || counted === 0 || errorCount !== counted) return false;
  const { bytes_restored = 0, total_bytes = 0 } = summary;
  return bytes_restored === total_bytes && [...errors.keys()].every((kind) => LOSSES.has(kind));
}

/** What may be missing around the contents. */
const LOSSES: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'owners',
  'extended attributes',
  'devices',
  'modes',
]);

/** One line about what came back otherwise than it was; undefined where nothing did. */
export function lossesOf({ errors, owners, rootRefused }: Messages): string | undefined {
  const counts = new Map<string, ItemErrors>(owners === undefined ? [] : [['owners', owners]]);
  for (const [kind, found] of errors) {
    if (!LOSSES.has(kind)) continue;
    const { count = 0, ...example } = counts.get(kind) ?? {};
    counts.set(kind, { ...found, ...example, count: count + found.count });
  }
  const told = [...counts].map(([loss, { count, item }]) => `${loss} of ${String(count)} (${quote(item)})`);
  if (rootRefused !== undefined && rootRefused !== '') told.push(`of the root folder: ${rootRefused}`);
  return told.length === 0 ? undefined : told.join(', ');
}

function quote(item: string): string {
  return `such as ${JSON.stringify(item.slice(0, 200))}`;
}
