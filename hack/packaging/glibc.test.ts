import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { neededGlibc, newestVersion } from './glibc.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'glibc-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('returns the newest glibc version whose functions a binary uses', () => {
  const file = join(folder, 'library.so');
  const strings = [
    '',
    'libc.so.6',
    'GLIBC_2.2.5',
    'GLIBC_2.18',
    'GLIBC_2.3',
    'GLIBCXX_3.4.28',
    'GLIBC_PRIVATE',
    '',
  ];
  writeFileSync(file, Buffer.from(strings.join('\0'), 'latin1'));
  expect(neededGlibc(file)).toBe('2.18');
});

it('returns nothing for a file that uses no glibc', () => {
  const file = join(folder, 'static');
  writeFileSync(file, 'mentions GLIBC_2.99 in its text');
  expect(neededGlibc(file)).toBeUndefined();
});

it('compares versions by their numbers', () => {
  expect(newestVersion(['2.9', undefined, '2.31', '2.4'])).toBe('2.31');
});

it('finds that the Node of this project runs on glibc 2.31', () => {
  const needed = neededGlibc(process.execPath);
  expect(newestVersion([needed, '2.31'])).toBe('2.31');
});
