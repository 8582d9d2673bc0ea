import { describe, expect, it } from '@jest/globals';
import { compare } from './compare.ts';
import { manifestOf } from './manifest.ts';
import type { Lists } from './manifest.ts';

const SUM_A = 'a'.repeat(64);
const SUM_B = 'b'.repeat(64);

/** A folder, two names of one file (one of them with a newline and two spaces), a link whose target ends in a newline. */
const LISTS: Lists = {
  all: './dir\0./dir/one\0./two\n  lines\0./link\0',
  stat: [
    '41ed 0 0 4096 8 512 10 2001-02-03 04:05:06.000000000 +0000',
    '89ed 1000 2000 5 8 512 11 2026-01-01 00:00:00.123456789 +0000',
    '89ed 1000 2000 5 8 512 11 2026-01-01 00:00:00.123456789 +0000',
    'a1ff 0 0 8 0 512 12 2026-01-01 00:00:00.000000000 +0000',
    '',
  ].join('\n'),
  files: './dir/one\0./two\n  lines\0',
  sums: `${SUM_A}  ./dir/one\n${SUM_A}  ./two\n  lines\n`,
  links: './link\0',
  targets: 'no/where\n\n.\0',
};

describe('manifestOf', () => {
  const manifest = manifestOf(LISTS);

  it('describes folders, files and links', () => {
    expect(manifest.get('./dir')).toEqual({
      path: './dir',
      type: 'folder',
      mode: '0755',
      uid: 0,
      gid: 0,
      size: 0,
      mtime: '2001-02-03 04:05:06.000000000 +0000',
      allocated: 4096,
    });
    expect(manifest.get('./dir/one')).toMatchObject({
      type: 'file',
      mode: '4755',
      uid: 1000,
      gid: 2000,
      size: 5,
      sha256: SUM_A,
    });
    expect(manifest.get('./link')).toMatchObject({ type: 'link', linkTarget: 'no/where\n' });
  });

  it('keeps names with newlines apart and groups the names of one file', () => {
    expect(manifest.get('./two\n  lines')).toMatchObject({ sha256: SUM_A, sameFileAs: './dir/one' });
    expect(manifest.get('./dir/one')?.sameFileAs).toBe('./dir/one');
    expect(manifest.get('./link')?.sameFileAs).toBeUndefined();
  });

  it('refuses lists that do not fit each other', () => {
    expect(() => manifestOf({ ...LISTS, sums: `${SUM_A}  ./dir/one\n` })).toThrow(/two.*no checksum/);
    expect(() => manifestOf({ ...LISTS, all: './dir\0' })).toThrow(/listed 1 files and described 4/);
    expect(() => manifestOf({ ...LISTS, targets: '' })).toThrow(/1 links and 0 targets/);
    expect(() => manifestOf({ ...LISTS, stat: LISTS.stat.replace('41ed', '?') })).toThrow(/dir.*describes/);
  });
});

describe('compare', () => {
  const before = manifestOf(LISTS);

  it('finds nothing between a manifest and itself, and counts a file with two names once', () => {
    expect(compare(before, manifestOf(LISTS))).toEqual({ compared: 4, files: 2, bytes: 5, differences: [] });
  });

  it('does not mind what a file takes on the disk, nor the size of a folder', () => {
    const stat = LISTS.stat.replace('5 8 512', '5 16 512').replace('0 0 4096', '0 0 8192');
    expect(compare(before, manifestOf({ ...LISTS, stat })).differences).toEqual([]);
  });

  it.each([
    ['a mode', { stat: LISTS.stat.replace('41ed', '41ff') }, /"\.\/dir": mode was 0755 and is 0777/],
    ['an owner', { stat: LISTS.stat.replace('41ed 0 ', '41ed 7 ') }, /"\.\/dir": uid was 0 and is 7/],
    ['a time', { stat: LISTS.stat.replace('.123456789', '.123456000') }, /mtime was .*789.* and is .*6000/],
    ['a content', { sums: LISTS.sums.replace(SUM_A, SUM_B) }, /"\.\/dir\/one": sha256 was a+ and is b+/],
    ['a link', { targets: 'elsewhere\n.\0' }, /"\.\/link": linkTarget was no/],
    [
      'a broken hard link',
      { stat: LISTS.stat.replace(' 11 ', ' 13 ') },
      /sameFileAs was \.\/dir\/one and is none/,
    ],
  ])('finds %s', (_what, change, expected) => {
    const { differences } = compare(before, manifestOf({ ...LISTS, ...change }));
    expect(differences.join('\n')).toMatch(expected);
  });

  it('finds what is missing and what is new', () => {
    const fewer = new Map([...before].filter(([path]) => path !== './link'));
    expect(compare(before, fewer).differences).toEqual(['"./link": missing']);
    expect(compare(fewer, before).differences).toEqual(['"./link": was not there before']);
  });
});
