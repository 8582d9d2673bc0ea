import { Readable } from 'node:stream';
import { expect, it } from '@jest/globals';
import { readLines } from './lines.ts';

const read = (pieces: readonly string[], longest?: number): Promise<string[]> =>
  Array.fromAsync(readLines(Readable.from(pieces.map((piece) => Buffer.from(piece))), { longest }));

it.each<[string, string[], string[]]>([
  ['lines in one piece', ['a\nb\n'], ['a', 'b']],
  ['a line in pieces', ['a', 'b', 'c\nd'], ['abc', 'd']],
  ['a last line without an end', ['a\nb'], ['a', 'b']],
  ['empty lines', ['\n\na\n'], ['', '', 'a']],
  ['nothing', [], []],
])('reads %s', async (_, pieces, lines) => {
  expect(await read(pieces)).toEqual(lines);
});

it.each<[string, string[], string[]]>([
  ['in one piece', ['abcdef\nb\n'], ['abcd', 'b']],
  ['in pieces', ['ab', 'cd', 'ef', 'gh\nb'], ['abcd', 'b']],
  ['at the end', ['a\nabc', 'def'], ['a', 'abcd']],
])('truncates a line at the given length: %s', async (_, pieces, lines) => {
  expect(await read(pieces, 4)).toEqual(lines);
});

it('discards the rest of an endless line', async () => {
  let given = 0;
  function* endless(): Generator<Buffer> {
    for (; given < 1_000; given++) yield Buffer.alloc(64 * 1024, 'x');
    yield Buffer.from('\nnext');
  }
  const lines = await Array.fromAsync(readLines(Readable.from(endless()), { longest: 100 }));
  expect(lines).toEqual(['x'.repeat(100), 'next']);
  expect(given).toBe(1_000);
});
