import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainText } from './plain-text.ts';

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

it('fits a status, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20_000, size: 'max' }), (text) => {
      const shown = plainText(text);
      expect(shown.length).toBeLessThanOrEqual(8192);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }),
  );
});
