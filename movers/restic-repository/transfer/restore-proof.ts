import type { ErrorKind } from '../log/script-log.ts';
import { readMessages, type ItemErrors, type Messages } from './transfer-messages.ts';

/** Returns true if all contents were restored and every error is about metadata. */
export function provesRestore(lines: readonly string[]): boolean {
  const { summary, isIncomplete, errors, errorCount, onlyOrdinaryAttributes } = readMessages(lines);
  const counted = [...errors.values()].reduce((sum, { count }) => sum + count, 0);
  if (summary === undefined || isIncomplete || counted === 0 || errorCount !== counted) return false;
  // An entry is restored, or it has an error.
  const { files_restored = 0, total_files = 0 } = summary;
  if (files_restored + counted < total_files) return false;
  // restic does not report modes that an ordinary user may not set: such an error is about the content.
  if (onlyOrdinaryAttributes && errors.has('modes')) return false;
  return [...errors.keys()].every((kind) => LOSSES.has(kind));
}

/**
 * Returns the number of entries that exist after a proved restore, and of their bytes; undefined if the log has no summary. restic
 * counts a folder as restored only if it could set all of its attributes. So if there are errors, the entries are counted by the
 * total, of which a proof accounts for each.
 */
export function restoredIn({
  summary,
  errors,
}: Pick<Messages, 'summary' | 'errors'>): { files: number; bytes: number } | undefined {
  if (summary === undefined) return undefined;
  const { files_restored = 0, total_files = 0, files_skipped = 0 } = summary;
  const { bytes_restored = 0, bytes_skipped = 0 } = summary;
  const devices = errors.get('devices')?.count ?? 0;
  const files = errors.size === 0 ? files_restored : total_files - devices;
  return { files: files + files_skipped, bytes: bytes_restored + bytes_skipped };
}

/** Kinds of errors that concern metadata only. */
const LOSSES: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'owners',
  'extended attributes',
  'devices',
  'modes',
]);

/** Returns one line about metadata that was not restored; undefined if all was. */
export function lossesOf({
  errors,
  owners,
  onlyOrdinaryAttributes,
  rootRefused,
}: Messages): string | undefined {
  const counts = new Map<string, ItemErrors>(owners === undefined ? [] : [['owners', owners]]);
  for (const [kind, found] of errors) {
    if (!LOSSES.has(kind)) continue;
    const { count = 0, ...example } = counts.get(kind) ?? {};
    counts.set(kind, { ...found, ...example, count: count + found.count });
  }
  const losses = [...counts].map(([loss, { count, item }]) => `${loss} of ${String(count)} (${quote(item)})`);
  if (onlyOrdinaryAttributes === true) losses.push(EXTRAORDINARY);
  if (rootRefused !== undefined && rootRefused !== '') losses.push(`of the root folder: ${rootRefused}`);
  return losses.length === 0 ? undefined : losses.join(', ');
}

const EXTRAORDINARY = 'extended attributes that an ordinary user may not set, if there were any';

function quote(item: string): string {
  return `such as ${JSON.stringify(item.slice(0, 200))}`;
}
