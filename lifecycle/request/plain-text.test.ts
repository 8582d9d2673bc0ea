import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainLine, plainText } from './plain-text.ts';

it.each([
  [
    'an ordinary text',
    'PersistentVolumeClaim app/data: "größer" 文件',
    'PersistentVolumeClaim app/data: "größer" 文件',
  ],
  ['several lines', 'one \r\n  two\u2028three', 'one two three'],
  ['what a terminal obeys', 'a\u001b[2Jb\u0007\u009b', 'a\\u001b[2Jb\\u0007\\u009b'],
  ['what turns the text around', 'a\u202etxt.exe', 'a\\u202etxt.exe'],
  ['NUL', 'a\0b', 'a\\u0000b'],
  ['half a character', 'a\ud800', 'a\ufffd'],
])('shows %s', (_, text, shown) => {
  expect(plainText(text)).toBe(shown);
});

it('limits any text to what fits into a status', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20_000, size: 'max' }), (text) => {
      const shown = plainText(text);
      expect(shown.length).toBeLessThanOrEqual(8192);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }),
  );
});

/** Returns the duration of `action` in seconds. */
function secondsOf(action: () => unknown): number {
  const begin = performance.now();
  action();
  return (performance.now() - begin) / 1000;
}

const LONG = 200_000;

it.each([
  ['white space', ' '.repeat(LONG)],
  ['line ends', '\n'.repeat(LONG)],
  ['ends of lines among white space', ' \n'.repeat(LONG)],
  ['begins of URLs', '://a'.repeat(LONG)],
  ['URLs with credentials', '://a@'.repeat(LONG)],
  ['URLs with queries', '://a?'.repeat(LONG)],
  ['one endless URL', `://${'a'.repeat(LONG)}`],
])('reads a line of a log that consists of %s once', (_, line) => {
  expect(secondsOf(() => plainText(line))).toBeLessThan(1);
  expect(secondsOf(() => plainLine(line))).toBeLessThan(1);
});
