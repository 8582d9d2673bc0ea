import { plainLine } from '../../../lifecycle/request/plain-text.ts';
import type { VerifyFacts, VerifyRequest } from '../../mover.ts';
import { HOST, PATH } from '../snapshot-layout.ts';
import { validID } from '../repository-id.ts';
import { reports } from '../log/script-log.ts';
import { comparesVolume } from './script.ts';

/** The fields of the request that the check depends on. */
export type Verified = Pick<VerifyRequest<unknown>, 'kind' | 'level' | 'isLive' | 'snapshotID' | 'reported'>;

/** Findings of the script, with the names of restic's JSON. */
interface Findings {
  snapshot?: Snapshot;
  stats?: { total_size: number; total_file_count: number };
  /** Summary of the comparison with the volume. */
  summary?: { files_restored?: number; files_skipped?: number; files_deleted?: number };
  changes: readonly { action: string; item: string }[];
  volume?: { entries: number; absent: number };
  repositoryID?: string | undefined;
}

interface Snapshot {
  id: string;
  time: string;
  hostname: string;
  paths: readonly string[];
  summary?: { total_files_processed: number; total_bytes_processed: number };
}

/** Returns the first difference, or what the repository contains if there is none. */
export function compareVerification(
  lines: readonly string[],
  request: Verified,
): { facts: VerifyFacts } | { difference: string } {
  const found = read(lines);
  const { stats, repositoryID } = found;
  const difference =
    differenceOfSnapshot(found.snapshot, request) ??
    (request.kind === 'backup'
      ? differenceOfBackup(found.snapshot, request)
      : differenceOfRestore(found, request)) ??
    (comparesVolume(request) ? differenceOfVolume(found) : undefined);
  if (difference !== undefined) return { difference };
  if (stats === undefined) return { difference: 'the directories of the snapshot were not read' };
  return {
    facts: {
      bytes: stats.total_size,
      files: stats.total_file_count,
      ...(repositoryID !== undefined && { repositoryID }),
    },
  };
}

function differenceOfSnapshot(snapshot: Snapshot | undefined, { snapshotID }: Verified): string | undefined {
  if (snapshot?.id.startsWith(snapshotID) !== true) return 'the repository does not contain it';
  const { hostname, paths } = snapshot;
  if (hostname === HOST && paths.includes(PATH)) return undefined;
  return `it is of ${hostname}:${paths.join(', ')} and not of ${HOST}:${PATH}, where a restore looks for it`;
}

function differenceOfBackup(snapshot: Snapshot | undefined, { reported }: Verified): string | undefined {
  const { snapshotTime, files, bytes } = reported;
  // Both times are by the mover's clock; a restore selects a snapshot that is not later than the recorded time.
  if (snapshotTime !== undefined && secondOf(snapshot?.time) > secondOf(snapshotTime))
    return `it is of ${snapshot?.time ?? ''}, later than the mover's end at ${snapshotTime}`;
  const { total_files_processed: heldFiles, total_bytes_processed: heldBytes } = snapshot?.summary ?? {};
  if (files !== heldFiles)
    return `the mover has saved ${amount(files)} files, it contains ${amount(heldFiles)}`;
  if (!isAsPrinted(heldBytes, bytes))
    return `the mover has saved ${amount(bytes)} bytes, it contains ${amount(heldBytes)}`;
  return undefined;
}

function differenceOfRestore({ stats }: Findings, { reported }: Verified): string | undefined {
  const { files, bytes } = reported;
  const { total_file_count: heldFiles, total_size: heldBytes } = stats ?? {};
  if (files !== heldFiles)
    return `the mover has restored ${amount(files)} files and folders, it contains ${amount(heldFiles)}`;
  if (!isAsPrinted(heldBytes, bytes))
    return `the mover has restored ${amount(bytes)} bytes, it contains ${amount(heldBytes)}`;
  return undefined;
}

/** Compares names by those in excess and by their number; the snapshot does not contain what the mover leaves out. */
function differenceOfVolume({ summary, volume, changes }: Findings): string | undefined {
  if (summary === undefined || volume === undefined) return 'the volume was not compared';
  const [change] = changes.filter(({ action }) => action !== 'deleted');
  if (change !== undefined) return `${plainLine(JSON.stringify(change.item))} of it differs on the volume`;
  const { files_restored = 0, files_skipped = 0, files_deleted = 0 } = summary;
  if (files_deleted > volume.absent) {
    const items = changes.map(({ item }) => plainLine(JSON.stringify(item)));
    return `the volume contains what is not in it: ${items.join(', ')}`;
  }
  const held = files_restored + files_skipped;
  return held === volume.entries
    ? undefined
    : `it contains ${amount(held)} files and folders, the volume ${amount(volume.entries)}`;
}

function amount(count: number | undefined): string {
  return String(count ?? 'an unknown number of');
}

function secondOf(time: string | undefined): number {
  return Math.floor(Date.parse(time ?? '') / 1000);
}

/** Returns true if restic prints the number in this way: with three decimals of its unit. */
function isAsPrinted(exact: number | undefined, printed: number | undefined): boolean {
  if (exact === undefined || printed === undefined) return false;
  const unit = [2 ** 40, 2 ** 30, 2 ** 20, 2 ** 10].find((one) => exact >= one) ?? 1;
  return Math.abs(exact - printed) <= (unit === 1 ? 0 : unit / 1000);
}

function read(lines: readonly string[]): Findings {
  const changes: { action: string; item: string }[] = [];
  const found: Findings = { changes };
  for (const line of reports(lines)) {
    const said = parse(line);
    if (Array.isArray(said)) found.snapshot = said[0] as Snapshot;
    else if ('total_file_count' in said) found.stats = said as NonNullable<Findings['stats']>;
    else if (said['message_type'] === 'summary') found.summary = said;
    else if (said['message_type'] === 'volume')
      found.volume = { entries: Number(said['entries']), absent: Number(said['absent']) };
    else if (said['message_type'] === 'repository') found.repositoryID = validID(said['id']);
    else if (said['message_type'] === 'verbose_status')
      changes.push({ action: String(said['action']), item: String(said['item']) });
  }
  return found;
}

/** Lines that are not JSON are ignored. */
function parse(line: string): Record<string, unknown> | unknown[] {
  if (!/^[[{]/.test(line)) return {};
  try {
    return JSON.parse(line) as Record<string, unknown> | unknown[];
  } catch {
    return {};
  }
}
