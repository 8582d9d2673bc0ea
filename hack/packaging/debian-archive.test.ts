import { expect, it } from '@jest/globals';
import { archiveIn } from './debian-archive.ts';

const line = (uri: string, suite: string): string => `'${uri}/dists/${suite}/InRelease' some_file 0 `;

it('finds the archive among other repositories for Debian', () => {
  const printed = [
    line('https://packages.example.com/linux/debian', 'bookworm'),
    line('http://mirror.example.com/debian/', 'bookworm'),
    line('http://mirror.example.com/debian', 'bookworm-updates'),
    line('http://mirror.example.com/debian-security', 'bookworm-security'),
    "'http://mirror.example.com/debian/dists/bookworm/main/binary-amd64/Packages.xz' some_file 0 ",
  ].join('\n');
  expect(archiveIn(printed)).toBe('http://mirror.example.com/debian');
});

it('recognizes the archive by its path for a release without updates, such as testing', () => {
  const printed = [
    line('https://packages.example.com/linux/debian', 'trixie'),
    line('http://mirror.example.com/debian', 'testing'),
  ].join('\n');
  expect(archiveIn(printed)).toBe('http://mirror.example.com/debian');
});

it('finds no archive if apt lists none', () => {
  expect(archiveIn(line('https://packages.example.com/linux/debian', 'bookworm'))).toBeUndefined();
  expect(archiveIn('')).toBeUndefined();
});
