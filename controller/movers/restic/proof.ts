import type { BackupFacts } from '../mover.ts';
import { readMessages, type ItemError, type Messages, type Summary } from './messages.ts';

/** What the end of a transfer proves. */

/** A volume with nothing that restic saves: restic calls it a failure where it has found nothing unreadable either. */
export function provesBackup(lines: readonly string[]): boolean {
  const { isEmpty, errors } = readMessages(lines);
  return isEmpty && errors.length === 0;
}

export function savedFacts({ summary, saved, isEmpty }: Messages): BackupFacts {
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
  const { summary, errors, errorCount = errors.length } = readMessages(lines);
  if (summary === undefined || errors.length === 0 || errorCount !== errors.length) return false;
  const { bytes_restored = 0, total_bytes = 0 } = summary;
  return bytes_restored === total_bytes && errors.every((error) => lossOf(error) !== undefined);
}

/** What may be missing around the contents, by the words of the call that was refused. */
const LOSSES: readonly [RegExp, string][] = [
  [/\bl?chown .*(operation not permitted|permission denied)/i, 'owners'],
  [/\bxattr\S* .*(operation not permitted|permission denied|not supported)/i, 'extended attributes'],
  [/\bmknod .*operation not permitted/i, 'devices'],
  [/\bl?chmod .*operation not permitted/i, 'modes'],
];

function lossOf({ message }: ItemError): string | undefined {
  return LOSSES.find(([pattern]) => pattern.test(message))?.[1];
}

/** One line about what came back otherwise than it was; undefined where nothing did. */
export function lossesOf({ errors, owners }: Messages): string | undefined {
  const counts = new Map<string, { count: number; example: string }>();
  if (owners !== undefined) counts.set('owners', owners);
  for (const error of errors) {
    const loss = lossOf(error);
    if (loss === undefined) continue;
    const { count, example } = counts.get(loss) ?? { count: 0, example: error.item };
    counts.set(loss, { count: count + 1, example });
  }
  const told = [...counts].map(
    ([loss, { count, example }]) => `${loss} of ${String(count)} (${quote(example)})`,
  );
  return told.length === 0 ? undefined : told.join(', ');
}

function quote(item: string): string {
  return `such as ${JSON.stringify(item.slice(0, 200))}`;
}
