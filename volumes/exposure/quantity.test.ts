import { describe, expect, it } from '@jest/globals';
import { largestQuantity } from './quantity.ts';

describe('the largest', () => {
  it.each([
    [['1Gi', '2Gi'], '2Gi'],
    [['1Gi', '1G'], '1Gi'],
    [['1073741824', '1Gi'], '1073741824'],
    [[undefined, '', '3Gi', undefined], '3Gi'],
    [[undefined], undefined],
    [[], undefined],
  ])('of %j is %s, in its own spelling', (sizes, largest) => {
    expect(largestQuantity(...sizes)).toBe(largest);
  });
});
