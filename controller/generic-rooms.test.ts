import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

/** Movers are pluggable only as long as what is around them knows none. eslint sees the imports; this sees the words. */

const HERE = import.meta.dirname;
const CONTRACT = join(HERE, '../api/v1alpha1');

/** The rooms of movers, and what wires them. */
const OF_MOVERS = /^(restic-repository|movers\/(restic|volsync))\/|^movers\/registry\.ts$/;

function sources(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !OF_MOVERS.test(path),
  );
}

/** The lines that name one, as `file:line: text`. */
function wordsIn(root: string): string[] {
  return sources(root).flatMap((path) =>
    readFileSync(join(root, path), 'utf8')
      .split('\n')
      .map((line, index) => `${path}:${String(index + 1)}: ${line.trim()}`)
      .filter((line) => /volsync|restic(?!t)|rclone/i.test(line)),
  );
}

it('says no word of an engine where every mover is served', () => {
  const rooms = new Set(sources(HERE).map((path) => path.split('/')[0]));
  for (const room of ['backup', 'restore', 'delete', 'prune', 'request', 'exposure', 'handover', 'janitor'])
    expect(rooms).toContain(room);
  expect(wordsIn(HERE)).toEqual([]);
});

it('says none in the contract either', () => {
  expect(wordsIn(CONTRACT)).toEqual([]);
});
