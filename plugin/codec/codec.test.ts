import { describe, expect, it } from '@jest/globals';
import { byteRateText, byteShareText, byteText } from './byte-text.ts';
import { parseGoDuration } from './go-duration.ts';
import { parseOperationID, toOperationID } from './operation-id.ts';

describe('Go durations', () => {
  it.each([
    ['10m0s', 600_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['250ms', 250],
    ['1µs', 0.001],
    ['-2s', -2_000],
    ['0s', 0],
    ['0', 0],
  ])('%s is %p ms', (text, ms) => {
    expect(parseGoDuration(text)).toBeCloseTo(ms);
  });

  it.each(['', '10', 'm', '10 m', '1d', 'soon', '10m '])('%p is none', (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });
});

describe('bytes for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [3 * 1024 ** 6, '3072.0 PiB'],
  ])('%p is %s', (bytes, text) => {
    expect(byteText(bytes)).toBe(text);
  });

  it.each([
    [0, '0 B/s'],
    [999.4, '999 B/s'],
    [1.55 * 1024 ** 2, '1.6 MiB/s'],
    [40.4 * 1024 ** 2, '40 MiB/s'],
    [9.96 * 1024, '10.0 KiB/s'],
  ])('%p per second are %s', (bytes, text) => {
    expect(byteRateText(bytes)).toBe(text);
  });

  it('shows both parts of a share in the unit of the total', () => {
    expect(byteShareText(512 * 1024 ** 2, 3.4 * 1024 ** 3)).toBe('0.5 of 3.4 GiB');
    expect(byteShareText(0, 10)).toBe('0 of 10 B');
  });
});

describe('operation ids', () => {
  it('name a request and are read back', () => {
    const key = { namespace: 'app', name: 'dmb-1' };
    expect(parseOperationID(toOperationID(key))).toEqual(key);
  });

  it.each(['', 'app', '/', 'app/', '/dmb-1', 'a/b/c', 'du-123.456/'])('%p is none of ours', (id) => {
    expect(parseOperationID(id)).toBeUndefined();
  });
});
