import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

/** Movers are pluggable only if the generic code names none of them. eslint checks the imports; this test checks the words. */

const ROOT = join(import.meta.dirname, '..');

/** Folders in which no source names the program of a mover. */
const GENERIC = ['lifecycle', 'volumes', 'movers', 'controller', 'api/datamover'];

/** The folders of the movers, and the file that registers them. */
const OF_MOVERS = /^movers\/((restic-repository|restic|volsync)\/|registry\.ts$)/;

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !OF_MOVERS.test(path));
}

/** Returns the lines that name a mover's program, as `file:line: text`. */
function wordsIn(folder: string): string[] {
  return sources(folder).flatMap((path) =>
    readFileSync(join(ROOT, path), 'utf8')
      .split('\n')
      .map((line, index) => `${path}:${String(index + 1)}: ${line.trim()}`)
      .filter((line) => /volsync|restic(?!t)|rclone/i.test(line)),
  );
}

it.each(GENERIC)('names no program of a mover in %s/', (folder) => {
  expect(sources(folder).length).toBeGreaterThan(5);
  expect(wordsIn(folder)).toEqual([]);
});
