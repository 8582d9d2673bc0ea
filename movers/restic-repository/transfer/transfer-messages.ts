import type { Complaint } from '../log/diagnosis.ts';
import { rootIn } from './root-folder.ts';
import { complaint, type ErrorKind } from '../log/script-log.ts';
import type { MoverProgress, RootFolder } from '../../mover.ts';

/** What the reports of a transfer say: restic's JSON, and the lines of the same form that the script adds. */
export interface Messages {
  progress?: MoverProgress;
  summary?: Summary;
  /** What earlier pods have saved for this very request, the newest last. */
  saved: readonly SavedSnapshot[];
  /** The volume held nothing. */
  isEmpty: boolean;
  /** What restic could not read, write or set, counted where it arose. */
  errors: ReadonlyMap<ErrorKind, ItemErrors>;
  /** How many of them there were, by restic's own count; undefined where it reports none. */
  errorCount?: number;
  /** What belongs to others in the snapshot, and comes back as the mover's own. */
  owners?: ItemErrors;
  /** Only attributes that an ordinary user may set were restored. */
  onlyOrdinaryAttributes?: true;
  /** What a backup leaves out. */
  leftOut?: LeftOut;
  /** The volume's root folder. */
  root?: RootFolder;
  /** What that has besides; undefined where nothing is reported. */
  rootAttributes?: RootAttributes;
  /** What restic tells the repository apart by. */
  repositoryID?: string;
  /** What of the root folder could not be set; empty where all could. Undefined: it was not tried. */
  rootRefused?: string;
}

/** What a look at the volume has found that no snapshot will hold. */
export interface LeftOut {
  sockets: number;
  /** The folder lost+found of the file system cannot be read. */
  sealed: boolean;
  /** Empty folders called lost+found, where the mover leaves those out. */
  empty: number;
  /** Names lost+found with data behind them, where the mover leaves those out. */
  held: number;
  /** The first of those. */
  first: string;
}

/** How many the root folder has; without a number it could not be found out. */
export interface RootAttributes {
  /** Access control lists. */
  lists?: number;
  /** Extended attributes but those and the labels of SELinux. */
  others?: number;
}

/** Errors of one kind. */
export interface ItemErrors {
  count: number;
  /** The first one's file. */
  item: string;
  /** What restic has reported of it. */
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

/** Everything the lines say; of what is said again, the last. */
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
  status: (found, said) => (found.progress = progressIn(said)),
  summary: (found, said) => (found.summary = said),
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
    if (/^[0-9a-f]{64}$/.test(id)) found.repositoryID = id;
  },
  'root restored': (found, { refused = '' }) => (found.rootRefused = refused),
};

/** restic's last word, after whatever names it has printed. */
function countIn(found: Messages, said: Line | SavedSnapshot[]): void {
  if (Array.isArray(said) || said.message_type !== 'exit_error') return;
  const count = THERE_WERE.exec(said.message ?? '')?.[1];
  if (count === undefined) delete found.errorCount;
  else found.errorCount = Number(count);
}

/** The first error as restic has printed it, which may be cut off. */
function errorsIn({ count = 0, first }: Line): ItemErrors {
  const printed = typeof first === 'string' ? first : '';
  const said = parse(printed);
  if (said === undefined || Array.isArray(said)) return { count, item: printed, message: '' };
  return { count, item: said.item ?? '', message: said.error?.message ?? '' };
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

/** What went wrong, for people and for a diagnosis. */
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

/** A call and its error are restic's; the path between them is the tenant's, and is not judged. */
function complaintOf({ count, item, message }: ItemErrors): Complaint {
  const [call = ''] = message.split(' ', 1);
  const more = count > 1 ? ` (and ${String(count - 1)} more)` : '';
  return {
    text: message === '' ? '' : `${call} : ${message.slice(message.lastIndexOf(': ') + 2)}`,
    quote: `${item.slice(0, 200)}: ${message.slice(-200)}${more}`,
    isOfFile: true,
  };
}

/** restic quotes names, so a line that is JSON is restic's or the script's. */
function parse(line: string): Line | SavedSnapshot[] | undefined {
  if (!/^[[{]/.test(line)) return undefined;
  try {
    return JSON.parse(line) as Line | SavedSnapshot[];
  } catch {
    return undefined;
  }
}
