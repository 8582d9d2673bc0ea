import { describe, expect, it } from '@jest/globals';
import { positionToShow } from './position.ts';

const at = (ahead: number) => ({ ahead, reason: `of ${String(ahead)}` });

describe('the queue position that a waiting request reports', () => {
  it('is exact when the wait starts and near the head of the line', () => {
    expect(positionToShow(undefined, at(7_000))).toEqual(at(7_000));
    expect(positionToShow(at(11), at(10))).toEqual(at(10));
    expect(positionToShow(at(10), at(9))).toEqual(at(9));
    expect(positionToShow(at(1), at(700))).toEqual(at(700));
  });

  it('is updated farther back only when half of the requests ahead have left', () => {
    expect(positionToShow(at(7_000), at(3_501))).toEqual(at(7_000));
    expect(positionToShow(at(7_000), at(3_500))).toEqual(at(3_500));
    expect(positionToShow(at(20), at(30))).toEqual(at(20));
  });

  it('changes a bounded number of times on the way to the head of a line of 10,000', () => {
    let shown = at(10_000);
    let changes = 0;
    for (let ahead = 9_999; ahead >= 0; ahead--) {
      const next = positionToShow(shown, at(ahead));
      if (next !== shown) changes++;
      shown = next;
    }
    expect(changes).toBeLessThanOrEqual(21);
  });
});
