import { describe, expect, it } from '@jest/globals';
import { parseQuantity } from './quantity.ts';

describe('a quantity', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['+5', 5],
    ['1Ki', 1024],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['.5Mi', 2 ** 19],
    ['2.Gi', 2 ** 31],
    ['10G', 1e10],
    ['500M', 5e8],
    ['3k', 3000],
    ['1e3', 1000],
    ['12E6', 12e6],
    ['2E', 2e18],
    ['1Ei', 2 ** 60],
    ['1500m', 2],
    [' 1Gi ', 2 ** 30],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseQuantity(text)).toBe(bytes);
  });

  it.each(['', 'Gi', '1GiB', '1 Gi', '-1', '1KI', '1e', 'ten'])(
    '"%s" is rejected, and the message contains a valid example',
    (text) => {
      expect(() => parseQuantity(text)).toThrow('10Gi');
    },
  );
});
