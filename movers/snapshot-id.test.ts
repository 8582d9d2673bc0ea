import { expect, it } from '@jest/globals';
import { isSameSnapshot, shortID } from './snapshot-id.ts';

it.each([
  ['0123456789abcdef', '0123456789abcdef', true],
  ['0123456789abcdef', '01234567', true],
  ['01234567', '0123456789abcdef', true],
  ['0123456789abcdef', '0123456789abcdee', false],
  // Numeric ids are never shortened: 12 and 123 are different snapshots.
  ['12', '123', false],
  ['12', '1234567890', false],
  ['tape-1', 'tape-1', true],
])('%j and %j name one snapshot: %j', (a, b, isSame) => {
  expect(isSameSnapshot(a, b)).toBe(isSame);
  if (isSame) expect(shortID(a)).toBe(shortID(b));
});
