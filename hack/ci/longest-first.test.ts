import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LONGEST, LongestFirst } from './longest-first.ts';

const TESTS = join(import.meta.dirname, '../../tests');

describe('the order of the stories', () => {
  it('starts with the longest files and keeps the order of the others', () => {
    const paths = ['/e2e/b.test.ts', `/e2e/${LONGEST[1]!}`, '/e2e/a.test.ts', `/e2e/${LONGEST[0]!}`];
    const sorted = new LongestFirst().sort(paths.map((path) => ({ path })));
    expect(sorted.map(({ path }) => path)).toEqual([paths[3], paths[1], paths[0], paths[2]]);
  });

  it('lists only files that exist', () => {
    const files = globSync('**/*.test.ts', { cwd: TESTS }).map((file) => basename(file));
    expect(files).toEqual(expect.arrayContaining([...LONGEST]));
  });
});
