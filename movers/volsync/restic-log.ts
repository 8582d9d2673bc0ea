import { SIZE, toBytes } from '../restic-repository/log/parse-size.ts';
import type { MoverProgress } from '../mover.ts';

/**
 * Facts from the output of VolSync's restic mover. It is the only source for the id of a snapshot, and the only way to recognize
 * a false success (an empty volume, a repository without data).
 *
 * File names appear between its lines unescaped, newlines included, so a file name can imitate any line. Therefore a line counts
 * only as a whole, and only at a position where no name can follow or precede it: the last report of a saved snapshot, the first
 * of a restored one, and "empty" only if nothing else follows.
 */
export interface ResticLog {
  /** `snapshot <id> saved`. */
  savedSnapshot?: string;
  /** `restoring snapshot <id> of …`. */
  restoredSnapshot?: string;
  /** The source volume was empty; no snapshot was saved. */
  sourceEmpty: boolean;
  /** The restore found no snapshot; nothing was written. */
  nothingRestored: boolean;
  files?: number;
  bytes?: number;
  /** Bytes added to the repository, before compression. */
  addedBytes?: number;
  progress?: MoverProgress;
}

const SAVED = /^snapshot ([0-9a-f]{8,64}) saved$/;
const RESTORING = /^restoring snapshot ([0-9a-f]{8,64}) of\b/;
const NOTHING = /^No eligible snapshots found$|^=== No data will be restored ===$/;
/** Final lines of the mover. */
const ENDING = /^Restic completed in [0-9]+s$|^=== Done ===$/;
const EMPTY = /^== Directory is empty skipping backup ===$/;
const PROCESSED = new RegExp(String.raw`^processed ([0-9]+) files, ${SIZE}`);
const ADDED = new RegExp(String.raw`^Added to the repository: ${SIZE}`);
const RESTORED = new RegExp(String.raw`^Summary: Restored ([0-9]+)(?: / [0-9]+)? files/dirs \(${SIZE}`);
/** What an earlier try of the mover has already restored. */
const SKIPPED = new RegExp(String.raw`\bskipped ([0-9]+) files/dirs ${SIZE}`);
/** `[0:10] 41.02%  12 files 1.2 GiB, total 56 files 3.0 GiB, 0 errors` */
const BACKUP_PROGRESS = new RegExp(
  String.raw`^\[[0-9:]+\]\s+(?:[0-9.]+%\s+)?([0-9]+) files,? ${SIZE}(?:, total ([0-9]+) files,? ${SIZE})?`,
);
/** `[0:10] 41.02%  12 files/dirs 1.2 GiB, total 56 files/dirs 3.0 GiB` */
const RESTORE_PROGRESS = new RegExp(
  String.raw`^\[[0-9:]+\]\s+(?:[0-9.]+%\s+)?([0-9]+) files/dirs,? ${SIZE}, total ([0-9]+) files/dirs,? ${SIZE}`,
);

/** Returns the snapshot that a backup has saved; undefined if the log names none. */
export function savedSnapshotIn(lines: readonly string[]): string | undefined {
  return readResticLog(lines).savedSnapshot;
}

export function readResticLog(lines: readonly string[]): ResticLog {
  const log: ResticLog = { sourceEmpty: false, nothingRestored: false };
  for (const line of lines) readLine(log, line.trim());
  return log;
}

function readLine(log: ResticLog, line: string): void {
  if (line === '') return;
  const saved = SAVED.exec(line)?.[1];
  if (saved !== undefined) log.savedSnapshot = saved;
  const restoring = RESTORING.exec(line)?.[1];
  if (restoring !== undefined) log.restoredSnapshot ??= restoring;
  if (!ENDING.test(line)) log.sourceEmpty = EMPTY.test(line);
  if (NOTHING.test(line)) log.nothingRestored = true;
  readSizes(log, line);
  const progress = readProgress(line);
  if (progress !== undefined) log.progress = progress;
}

function readSizes(log: ResticLog, line: string): void {
  const added = ADDED.exec(line);
  if (added) log.addedBytes = toBytes(added[1], added[2]);
  const counted = PROCESSED.exec(line) ?? RESTORED.exec(line);
  if (counted) {
    const skipped = SKIPPED.exec(line);
    log.files = Number(counted[1]) + Number(skipped?.[1] ?? 0);
    log.bytes = toBytes(counted[2], counted[3]) + toBytes(skipped?.[2] ?? '0', skipped?.[3]);
  }
}

function readProgress(line: string): MoverProgress | undefined {
  const match = BACKUP_PROGRESS.exec(line) ?? RESTORE_PROGRESS.exec(line);
  if (!match) return undefined;
  const [, files, size, unit, totalFiles, totalSize, totalUnit] = match;
  return {
    filesDone: Number(files),
    bytesDone: toBytes(size, unit),
    ...(totalFiles !== undefined && {
      totalFiles: Number(totalFiles),
      totalBytes: toBytes(totalSize, totalUnit),
    }),
  };
}
