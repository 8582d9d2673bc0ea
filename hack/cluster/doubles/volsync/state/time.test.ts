import { describe, expect, it } from '@jest/globals';
import { parseCron } from './cron.ts';
import { formatGoDuration } from './go-duration.ts';
import { mergePatchBetween } from './merge-patch.ts';

describe('formatGoDuration', () => {
  it.each([
    [0, '0s'],
    [250, '250ms'],
    [49_465, '49.465s'],
    [60_000, '1m0s'],
    [190_260, '3m10.26s'],
    [3_600_000, '1h0m0s'],
    [3_725_500, '1h2m5.5s'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatGoDuration(ms)).toBe(text);
  });
});

describe('parseCron', () => {
  const next = (text: string, after: string) => {
    const time = parseCron(text).next(Date.parse(after));
    return time === undefined ? undefined : new Date(time).toISOString();
  };

  it.each([
    ['* * * * *', '2026-01-01T00:00:30Z', '2026-01-01T00:01:00.000Z'],
    ['*/15 * * * *', '2026-01-01T00:15:00Z', '2026-01-01T00:30:00.000Z'],
    ['0 3 * * 0', '2026-01-01T00:00:00Z', '2026-01-04T03:00:00.000Z'],
    ['30 1,13 1-3 2 *', '2026-01-01T00:00:00Z', '2026-02-01T01:30:00.000Z'],
    ['0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00.000Z'],
    ['@monthly', '2026-01-31T23:59:59Z', '2026-02-01T00:00:00.000Z'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 0 30 2 *', '2026-01-01T00:00:00Z', undefined],
  ])('%s after %s', (text, after, expected) => {
    expect(next(text, after)).toBe(expected);
  });

  it.each([
    ['0 24 * * *', 'end of range (24) above maximum (23): 24'],
    ['0 0 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1 2 3', 'expected exactly 5 fields, found 3: [1 2 3]'],
  ])('refuses %s', (text, message) => {
    expect(() => parseCron(text)).toThrow(message);
  });
});

describe('mergePatchBetween', () => {
  it('removes, adds and changes, also inside, and replaces lists', () => {
    const before = { gone: 1, same: { a: 1 }, inner: { a: 1, b: 2 }, list: [{ x: 1, y: 2 }] };
    const after = { same: { a: 1 }, inner: { a: 1 }, list: [{ y: 2, x: 3 }], added: {} };
    expect(mergePatchBetween(before, after)).toEqual({
      gone: null,
      inner: { b: null },
      list: [{ y: 2, x: 3 }],
      added: {},
    });
  });

  it('is nothing when only the order of keys differs', () => {
    expect(mergePatchBetween({ l: [{ a: 1, b: 2 }] }, { l: [{ b: 2, a: 1 }] })).toBeUndefined();
  });
});
