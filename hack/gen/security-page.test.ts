import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { fieldsOf, hostileValues } from '../../tests/fakes/hostile.ts';
import { ROOT } from './generated-file.ts';

/** The rows of the two tables of values. */
const rows = readFileSync(join(ROOT, 'docs/security-model.md'), 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => cells[5]?.endsWith('.test.ts`'))
  .map(([, value = '', , , name = '', file = '']) => ({ value, name, file: file.replaceAll('`', '') }));

it.each(Object.keys(hostileValues) as (keyof typeof hostileValues)[])(
  'docs/security-model.md has a row for each field of a %s',
  (kind) => {
    const documented = rows.map(({ value }) => value).filter((value) => value.startsWith(`${kind} \`spec.`));
    const wanted = fieldsOf(kind).map((field) => `${kind} \`${field}\``);
    expect(documented.sort()).toEqual(wanted.sort());
  },
);

it.each(rows)('docs/security-model.md is right about $value: $name', ({ name, file }) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
  const source = readFileSync(join(ROOT, file), 'utf8');
  expect(["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`))).toBe(true);
});
