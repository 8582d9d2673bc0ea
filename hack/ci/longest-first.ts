import { basename } from 'node:path';

/**
 * Test files that take minutes, the longest first. By default jest starts the largest file first; a small but slow file would
 * then run last, while all other workers idle.
 */
export const LONGEST: readonly string[] = [
  'every-call-of-backups.test.ts',
  'every-call-of-restores.test.ts',
  'every-call-of-removals.test.ts',
  'bounded-work.test.ts',
  'verification.test.ts',
  'restic-backups.test.ts',
  'restic-restores.test.ts',
  'trees.test.ts',
  'hostile-snapshot-ids.test.ts',
  'without-volsync.test.ts',
  'vendor-plugin.test.ts',
  'robustness.test.ts',
  'cycles.test.ts',
  'process.test.ts',
  'crash-safety.test.ts',
  'disaster.test.ts',
  'deletion.test.ts',
  'failures.test.ts',
  'failed-restore.test.ts',
  'secrets.test.ts',
  'conformance-volsync.test.ts',
  'restic-mover.test.ts',
  'conformance-restic.test.ts',
  'operations.test.ts',
  'vendor-mover.test.ts',
  'restore-filters.test.ts',
  'second-backup.test.ts',
];

/** The part of jest's type that is used here. */
interface TestFile {
  readonly path: string;
}

/** Implements the interface of `jest --testSequencer`. */
export class LongestFirst {
  sort<T extends TestFile>(tests: readonly T[]): T[] {
    return tests.toSorted((a, b) => rankOf(a) - rankOf(b));
  }

  /** jest passes the durations of this run. They are ignored: the order above is fixed. */
  cacheResults(): void {
    return;
  }
}

function rankOf({ path }: TestFile): number {
  const place = LONGEST.indexOf(basename(path));
  return place === -1 ? LONGEST.length : place;
}
