import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isSameValue } from './same-value.ts';

/** Returns the same value with the members of every object in reverse order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, turned(member)]),
  );
}

describe('the comparison of JSON values', () => {
  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => isSameValue(value, turned(value))),
    );
  });

  it('agrees with the text of values that are written in the same order', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const [one, other] = [a, b].map((value) => JSON.parse(JSON.stringify(value)) as unknown);
        return isSameValue(one, other) || JSON.stringify(one) !== JSON.stringify(other);
      }),
    );
  });

  it.each<[unknown, unknown, boolean]>([
    [{ a: undefined }, {}, true],
    [{ a: null }, {}, false],
    [{ a: 1 }, { b: 1 }, false],
    [[1, 2], [2, 1], false],
    [[1], [1, undefined], false],
    [[], {}, false],
    [{ a: [{ b: 1, c: 2 }] }, { a: [{ c: 2, b: 1 }] }, true],
    [undefined, {}, false],
    ['1', 1, false],
  ])('%j and %j: %j', (a, b, same) => {
    expect(isSameValue(a, b)).toBe(same);
  });
});
