import { validID } from '../repository-id.ts';
import type { Complaint } from '../log/diagnosis.ts';
import { rootIn } from './root-folder.ts';
import { complaint, type ErrorKind } from '../log/script-log.ts';
import type { MoverProgress, RootFolder } from '../../mover.ts';

/** Reports of a transfer: restic's JSON, and lines of the same format that the script adds. */
export interface Messages {
  /** Of the first pass of a restore: a later one handles the same bytes again. */
  progress?: MoverProgress;
  summary?: Summary;
  /** A pass of a restore has not written all bytes that it had to write. A later pass may take the file for complete. */
  isIncomplete?: true;
  /** What earlier pods have saved for the same request, newest last. */
  saved: readonly SavedSnapshot[];
  /** The volume was empty. */
  isEmpty: boolean;
  /** What restic could not read, write or set, counted in the pod. */
  errors: ReadonlyMap<ErrorKind, ItemErrors>;
  /** Number of these errors, by restic's own count; undefined if it reports none. */
  errorCount?: number;
  /** Entries in the snapshot that belong to other users and are restored as the mover's own. */
  owners?: ItemErrors;
  /** Only attributes that an unprivileged user may set were restored. */
  onlyOrdinaryAttributes?: true;
  /** What the backup leaves out. */
  leftOut?: LeftOut;
  /** The volume's root folder. */
  root?: RootFolder;
  /** Further attributes of the root folder; undefined if none are reported. */
  rootAttributes?: RootAttributes;
  /** restic's id of the repository. */
  repositoryID?: string;
  /** Attributes of the root folder that could not be set; empty if all were. Undefined: it was not tried. */
  rootRefused?: string;
}

/** What the survey of a volume found that the snapshot will not contain. */
export interface LeftOut {
  sockets: number;
  /** The file system's lost+found folder cannot be read. */
  sealed: boolean;
  /** Number of empty lost+found folders, if the mover leaves those out. */
  empty: number;
  /** Number of lost+found names that contain data, if the mover leaves those out. */
  held: number;
  /** The first of these names. */
  first: string;
}

/** Counts for the root folder. A missing number could not be determined. */
export interface RootAttributes {
  /** Access control lists. */
  lists?: number;
  /** Extended attributes other than access control lists and SELinux labels. */
  others?: number;
}

/** Errors of one kind. */
export interface ItemErrors {
  count: number;
  /** The file of the first error. */
  item: string;
  /** restic's message about it. */
  message: string;
}

/** Summary of a backup or of a restore; restic omits fields that are zero. */
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
  kind?: ErrorKind;
  count?: number;
  first?: string | { path?: string };
  sockets?: number;
  sealed?: boolean;
  empty?: number;
  held?: number;
  lists?: number;
  others?: number;
  refused?: string;
  id?: string;
}

const THERE_WERE = /^Fatal: There were ([0-9]+) errors/;

/** Parses all lines; of repeated reports the last one counts. */
export function readMessages(lines: readonly string[]): Messages {
  const found: Messages = { saved: [], isEmpty: false, errors: new Map() };
  for (const line of lines) {
    const complained = complaint(line);
    const said = parse(complained ?? line);
    if (said === undefined) continue;
    if (complained !== undefined) countIn(found, said);
    else if (Array.isArray(said)) found.saved = said;
    else READERS[said.message_type ?? '']?.(found, said);
  }
  return found;
}

const READERS: Readonly<Record<string, (found: Messages, said: Line) => void>> = {
  status(found, said) {
    if (found.summary === undefined) found.progress = progressIn(said);
  },
  summary(found, said) {
    // The last status line can be five seconds older. The summary of a backup has other fields.
    if (found.summary === undefined && said.total_bytes !== undefined) found.progress = progressIn(said);
    found.summary = said;
    if ((said.bytes_restored ?? 0) !== (said.total_bytes ?? 0)) found.isIncomplete = true;
  },
  empty: (found) => (found.isEmpty = true),
  errors(found, said) {
    found.errors = new Map([...found.errors, [said.kind ?? 'other', errorsIn(said)]]);
  },
  owners: (found, { count = 0, first }) => {
    const item = typeof first === 'object' ? (first.path ?? '') : '';
    found.owners = { count, item, message: '' };
  },
  attributes: (found) => (found.onlyOrdinaryAttributes = true),
  'left out': (found, { sockets = 0, sealed = false, empty = 0, held = 0, first }) => {
    found.leftOut = { sockets, sealed, empty, held, first: typeof first === 'string' ? first : '' };
  },
  root(found, said) {
    const root = rootIn({ ...said });
    if (root !== undefined) found.root = root;
  },
  'root attributes': (found, { lists, others }) => {
    found.rootAttributes = { ...(lists !== undefined && { lists }), ...(others !== undefined && { others }) };
  },
  repository(found, { id = '' }) {
    const repositoryID = validID(id);
    if (repositoryID !== undefined) found.repositoryID = repositoryID;
  },
  'root restored': (found, { refused = '' }) => (found.rootRefused = refused),
};

/** Reads restic's final message, which comes after any names that it has printed. */
function countIn(found: Messages, said: Line | SavedSnapshot[]): void {
  if (Array.isArray(said) || said.message_type !== 'exit_error') return;
  const count = THERE_WERE.exec(said.message ?? '')?.[1];
  if (count === undefined) delete found.errorCount;
  else found.errorCount = Number(count);
}

/** Parses the first error as restic has printed it, which may be truncated. */
function errorsIn({ count = 0, first }: Line): ItemErrors {
  const printed = typeof first === 'string' ? first : '';
  const said = parse(printed);
  if (said === undefined || Array.isArray(said)) return { count, item: printed, message: '' };
  return { count, item: said.item ?? '', message: said.error?.message ?? '' };
}

/** The totals that restic prints do not include what a restore skips because it exists. */
function progressIn(said: Line): MoverProgress {
  const { bytes_done, bytes_restored, bytes_skipped, total_bytes } = said;
  const { files_done, files_restored, files_skipped, total_files } = said;
  const filesDone = files_done ?? sum(files_restored, files_skipped);
  const totalBytes = sum(total_bytes, bytes_skipped);
  const totalFiles = sum(total_files, files_skipped);
  return {
    bytesDone: bytes_done ?? sum(bytes_restored, bytes_skipped) ?? 0,
    ...(filesDone !== undefined && { filesDone }),
    ...(totalBytes !== undefined && { totalBytes }),
    ...(totalFiles !== undefined && { totalFiles }),
  };
}

/** Returns undefined if both are unknown. */
function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined && other === undefined ? undefined : (one ?? 0) + (other ?? 0);
}

/** Returns the errors, for users and for the diagnosis. */
export function complaints(lines: readonly string[]): readonly Complaint[] {
  return lines.flatMap((line) => {
    const complained = complaint(line);
    const said = parse(complained ?? line);
    if (Array.isArray(said)) return [];
    if (complained === undefined && said !== undefined)
      return said.message_type === 'errors' ? [complaintOf(errorsIn(said))] : [];
    const text = said?.message_type === 'exit_error' ? (said.message ?? '') : (complained ?? line);
    return [{ text, quote: text }];
  });
}

/** The system call and its error come from restic; the path between them is chosen by the tenant and is not matched. */
function complaintOf({ count, item, message }: ItemErrors): Complaint {
  const [call = ''] = message.split(' ', 1);
  const more = count > 1 ? ` (and ${String(count - 1)} more)` : '';
  return {
    text: message === '' ? '' : `${call} : ${message.slice(message.lastIndexOf(': ') + 2)}`,
    quote: `${item.slice(0, 200)}: ${message.slice(-200)}${more}`,
    isOfFile: true,
  };
}

/** restic quotes names, so a line of JSON comes from restic or from the script. */
function parse(line: string): Line | SavedSnapshot[] | undefined {
  if (!/^[[{]/.test(line)) return undefined;
  try {
    return JSON.parse(line) as Line | SavedSnapshot[];
  } catch {
    return undefined;
  }
}
