import { describe, expect, it } from '@jest/globals';
import { parseQuantity } from './quantity.ts';

describe('parseQuantity', () => {
  it.each([
    ['1Gi', 1073741824],
    ['1.5Gi', 1610612736],
    ['500M', 500_000_000],
    ['1024', 1024],
    ['1e3', 1000],
    ['1500m', 2],
    ['0', 0],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseQuantity(text)).toBe(bytes);
  });

  it.each(['', 'Gi', '1gi', '-1', 'one'])('refuses %p', (text) => {
    expect(() => parseQuantity(text)).toThrow(/not a quantity/);
  });
});
