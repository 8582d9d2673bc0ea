import { basename } from 'node:path';

/**
 * Test files that take minutes, the longest first. jest itself begins with the largest file; one that is short and takes long would be
 * last, and all other workers idle beside it.
 */
export const LONGEST: readonly string[] = [
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

/** As far as it is used here. */
interface TestFile {
  readonly path: string;
}

/** As `jest --testSequencer` wants it. */
export class LongestFirst {
  sort<T extends TestFile>(tests: readonly T[]): T[] {
    return tests.toSorted((a, b) => rankOf(a) - rankOf(b));
  }

  /** jest calls it with the times of this run; the order above is used in the next one too. */
  cacheResults(): void {
    return;
  }
}

function rankOf({ path }: TestFile): number {
  const place = LONGEST.indexOf(basename(path));
  return place === -1 ? LONGEST.length : place;
}
