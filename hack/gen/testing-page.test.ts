import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ROOT } from './generated-file.ts';

/** Findings of the review that are fixed, in the order of the page. */
const FINDINGS = [
  'A1',
  'A6',
  'A8',
  'A9',
  'A15b',
  'A16',
  'B1',
  'B10',
  'B13',
  'B28',
  'C1',
  'C2',
  'C3',
  'C4',
  'C5',
  'M3',
  'M4',
  'M5',
  'm2',
  'm3',
  'm4',
  'm5',
  'm6',
  'm7',
  'm9',
  'm10',
  'm11',
  'm12',
  'n1',
  'n2',
  'n3',
  'n4',
  'n5',
  'P1',
  'P2',
  'P3',
  'P4',
  'P5',
  'R1',
  'R2',
  'R3',
  'R4',
  'R5',
  'R6',
  'R7',
  'R8',
  'R9',
  'R10',
];

/** The rows of the page without Markdown syntax. */
const rows = readFileSync(join(ROOT, 'docs/testing.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Zmn]\d+b? /.test(line))
  .map((line) => {
    const [, id = '', , file = '', name = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { id, file: file.replaceAll('`', ''), name: name.replaceAll(/\\(.)/g, '$1') };
  });

const idsOf = (pattern: RegExp): string[] => [
  ...new Set(rows.map(({ id }) => id).filter((id) => pattern.test(id))),
];

it('docs/testing.md names a test for each of the 36 known defects', () => {
  expect(idsOf(/^D/)).toEqual(Array.from({ length: 36 }, (_, index) => `D${String(index + 1)}`));
});

it('docs/testing.md names a test for each repaired finding', () => {
  expect(idsOf(/^[^D]/)).toEqual(FINDINGS);
});

it.each(rows)('docs/testing.md is right about $id: $name', ({ file, name }) => {
  expect(file).toMatch(/\.test\.ts$/);
  expect(existsSync(join(ROOT, file))).toBe(true);
  const source = readFileSync(join(ROOT, file), 'utf8');
  // Matches a quoted title only, not words in a comment.
  expect(["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`))).toBe(true);
});
