import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { failureReasons } from '../api/datamover/v1alpha1/reasons.ts';

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

/** Returns the lines that match, as `file:line: text`. */
function linesIn(folder: string, words: RegExp): string[] {
  return sources(folder).flatMap((path) =>
    readFileSync(join(ROOT, path), 'utf8')
      .split('\n')
      .map((line, index) => `${path}:${String(index + 1)}: ${line.trim()}`)
      .filter((line) => words.test(line)),
  );
}

it.each(GENERIC)('names no program of a mover in %s/', (folder) => {
  expect(sources(folder).length).toBeGreaterThan(5);
  expect(linesIn(folder, /volsync|restic(?!t)|rclone/i)).toEqual([]);
});

/** Folders that serve every product of this project. */
const SHARED = ['telemetry', 'kube', 'lifecycle', 'volumes'];

it.each(SHARED)('imports the API of no product in %s/', (folder) => {
  expect(sources(folder).length).toBeGreaterThan(3);
  expect(linesIn(folder, /from '(?:\.\.\/)+api\/(?!kubernetes\/|common\/|schema\/)/)).toEqual([]);
});

it('names nothing of the data mover in lifecycle/', () => {
  const words = /data ?mover|mover|velero|oadp|repositor|snapshot|backup|restore|\bPVC|\bclass(es)?\b/i;
  expect(linesIn('lifecycle', words)).toEqual([]);
});

it('fails requests only with reasons that docs/failures.md explains', () => {
  const code = ['lifecycle', 'volumes', 'controller']
    .flatMap(sources)
    .map((path) => readFileSync(join(ROOT, path), 'utf8'));
  const reasons = code.flatMap((text) =>
    [...text.matchAll(/\bfailed\(\s*'(\w+)'/g)].map(([, reason = '']) => reason),
  );
  expect(reasons.length).toBeGreaterThan(30);
  expect(reasons.filter((reason) => reason !== 'Canceled' && !Object.hasOwn(failureReasons, reason))).toEqual(
    [],
  );
});

/** Files outside api/ and its own folder that may name prunes: the list of kinds, and deletes, which create prunes. */
const NAMING_PRUNES = [
  'controller/datamover/delete/absence.ts',
  'controller/datamover/delete/steps.ts',
  'controller/datamover/kinds.ts',
];

it('adds a kind of requests with one folder and one line', () => {
  const files = ['controller', 'lifecycle', 'volumes', 'kube']
    .flatMap(sources)
    .filter((path) => !path.startsWith('controller/datamover/prune/'))
    .filter((path) => /prune/i.test(readFileSync(join(ROOT, path), 'utf8')));
  expect(files.sort()).toEqual(NAMING_PRUNES);
  const lines = readFileSync(join(ROOT, 'controller/datamover/kinds.ts'), 'utf8')
    .split('\n')
    .filter((line) => /prune/i.test(line));
  expect(lines).toEqual(["import { pruneKind } from './prune/kind.ts';", '  prune: pruneKind,']);
});
