import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { tarOf } from './tar.ts';

it('writes folders, files and links as tar reads them', () => {
  const own = readFileSync(import.meta.filename);
  const archive = tarOf([
    { path: 'tmp', mode: 0o1777, folder: true },
    { path: 'bin/a', mode: 0o755, content: 'x'.repeat(513) },
    { path: 'bin/b', linkTo: 'a' },
    { path: 'empty', mode: 0o600, content: '' },
    { path: 'copy', mode: 0o644, from: import.meta.filename },
  ]);
  const listing = execFileSync('tar', ['--numeric-owner', '--utc', '-tvf', '-'], {
    input: archive,
    encoding: 'utf8',
  });
  const lines = listing.trim().split('\n');
  expect(lines.map((line) => line.replace(/\s+/g, ' '))).toEqual([
    'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
    '-rwxr-xr-x 0/0 513 1970-01-01 00:00 bin/a',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/b -> a',
    '-rw------- 0/0 0 1970-01-01 00:00 empty',
    `-rw-r--r-- 0/0 ${own.length} 1970-01-01 00:00 copy`,
  ]);
  const contentOf = (path: string): string =>
    execFileSync('tar', ['-xOf', '-', path], { input: archive, encoding: 'utf8' });
  expect(contentOf('bin/a')).toBe('x'.repeat(513));
  expect(contentOf('copy')).toBe(own.toString());
});

it('refuses a path that is too long for the format', () => {
  expect(() => tarOf([{ path: 'a'.repeat(101), mode: 0o644, content: '' }])).toThrow('too long');
});
