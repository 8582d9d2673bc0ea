import type { MoverProgress } from '../mover.ts';

/** What the lines of a transfer say: restic's JSON, and the few of the same form that the script adds. */
export interface Messages {
  progress?: MoverProgress;
  summary?: Summary;
  /** What earlier pods have saved for this very request, the newest last. */
  saved: readonly SavedSnapshot[];
  /** The volume held nothing. */
  isEmpty: boolean;
  /** What restic could not read, write or set. */
  errors: readonly ItemError[];
  /** How many of them there were, by restic's own count; undefined where it does not tell. */
  errorCount?: number;
  /** What belongs to others in the snapshot, and comes back as the mover's own. */
  owners?: { count: number; example: string };
  /** The end, in restic's words. */
  fatal?: string;
}

export interface ItemError {
  item: string;
  message: string;
}

/** Of a backup or of a restore; the fields that restic leaves out are zero. */
export interface Summary {
  snapshot_id?: string;
  backup_end?: string;
  total_files_processed?: number;
  total_bytes_processed?: number;
  data_added?: number;
  total_files?: number;
  total_bytes?: number;
  files_restored?: number;
  bytes_restored?: number;
  files_skipped?: number;
  bytes_skipped?: number;
}

interface SavedSnapshot {
  id: string;
  time: string;
  summary?: Summary;
}

interface Line extends Summary {
  message_type?: string;
  files_done?: number;
  bytes_done?: number;
  error?: { message?: string };
  item?: string;
  message?: string;
  count?: number;
  first?: { path?: string };
}

const THERE_WERE = /There were ([0-9]+) errors/;

/** Everything the lines say; of what is said again, the last. */
export function readMessages(lines: readonly string[]): Messages {
  const errors: ItemError[] = [];
  const found: Messages = { saved: [], isEmpty: false, errors };
  for (const line of lines) {
    const said = parse(line);
    if (Array.isArray(said)) found.saved = said;
    else if (said !== undefined) take(found, errors, said);
    else if (line.includes(NOTHING_TO_SAVE)) found.isEmpty = true;
  }
  return found;
}

/** What restic says of a folder that holds nothing it saves, such as sockets only. */
const NOTHING_TO_SAVE = 'snapshot is empty';

function take(found: Messages, errors: ItemError[], said: Line): void {
  switch (said.message_type) {
    case 'status':
      found.progress = progressIn(said);
      return;
    case 'summary':
      found.summary = said;
      return;
    case 'empty':
      found.isEmpty = true;
      return;
    case 'error':
      errors.push({ item: said.item ?? '', message: said.error?.message ?? '' });
      return;
    case 'owners':
      found.owners = { count: said.count ?? 0, example: said.first?.path ?? '' };
      return;
    case 'exit_error':
      end(found, said.message ?? '');
      return;
    default:
  }
}

function end(found: Messages, message: string): void {
  found.fatal = message;
  if (message.includes(NOTHING_TO_SAVE)) found.isEmpty = true;
  const count = THERE_WERE.exec(message)?.[1];
  if (count !== undefined) found.errorCount = Number(count);
}

function progressIn(said: Line): MoverProgress {
  const { bytes_done, bytes_restored, files_done, files_restored, total_bytes, total_files } = said;
  const filesDone = files_done ?? files_restored;
  return {
    bytesDone: bytes_done ?? bytes_restored ?? 0,
    ...(filesDone !== undefined && { filesDone }),
    ...(total_bytes !== undefined && { totalBytes: total_bytes }),
    ...(total_files !== undefined && { totalFiles: total_files }),
  };
}

/** Lines as people read them: of restic's JSON only what is wrong. */
export function readable(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const said = parse(line);
    if (said === undefined) return [line];
    if (Array.isArray(said)) return [];
    if (said.message_type === 'error') return [`${said.item ?? ''}: ${said.error?.message ?? ''}`];
    return said.message_type === 'exit_error' ? [said.message ?? ''] : [];
  });
}

/** A file may be called anything, but restic quotes names, so a line that is JSON is restic's or ours. */
function parse(line: string): Line | SavedSnapshot[] | undefined {
  if (!/^[[{]/.test(line)) return undefined;
  try {
    return JSON.parse(line) as Line | SavedSnapshot[];
  } catch {
    return undefined;
  }
}
