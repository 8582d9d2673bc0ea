import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { createTimeKeeper, OBSERVED_MS } from './time-limits.ts';

const HOUR_MS = 3_600_000;

function setUp() {
  const clock = createFakeClock();
  const keeper = createTimeKeeper(clock);
  const before = (ms: number): string => new Date(clock.now() - ms).toISOString();
  const left = (since: string, seconds: number): number =>
    keeper.of('uid').endOf(since, seconds) - clock.now();
  return { clock, keeper, before, left };
}

describe('the limit of a wait', () => {
  it('counts from when the wait began', async () => {
    const { clock, before, left } = setUp();
    const since = before(0);
    await clock.advance(100_000);
    expect(left(since, 600)).toBe(500_000);
  });

  it('does not end before it was observed for a while, though it was over when the process started', async () => {
    const { clock, before, left } = setUp();
    const since = before(62 * 60_000);
    expect(left(since, 3_600)).toBe(OBSERVED_MS);
    await clock.advance(OBSERVED_MS - 1);
    expect(left(since, 3_600)).toBe(1);
    await clock.advance(1);
    expect(left(since, 3_600)).toBe(0);
  });

  it('is observed no longer than it may last', () => {
    const { before, left } = setUp();
    expect(left(before(HOUR_MS), 5)).toBe(5_000);
  });

  it.each([-HOUR_MS, HOUR_MS])('stays as it is when the wall clock is set by %d ms', async (step) => {
    const { clock, before, left } = setUp();
    const since = before(60_000);
    expect(left(since, 600)).toBe(540_000);
    clock.stepWall(step);
    expect(left(since, 600)).toBe(540_000);
    await clock.advance(540_000);
    expect(left(since, 600)).toBe(0);
  });

  it('counts from now if the start is in the future or missing', async () => {
    const { clock, before, left } = setUp();
    const ahead = before(-HOUR_MS);
    expect([left(ahead, 600), left('', 600)]).toEqual([600_000, 600_000]);
    await clock.advance(600_000);
    expect([left(ahead, 600), left('', 600)]).toEqual([0, 0]);
  });

  it('is remembered if it is read in every pass, even among many other waits', async () => {
    const { clock, before, left } = setUp();
    const since = before(0);
    left(since, 600);
    clock.stepWall(HOUR_MS);
    for (let second = 0; second < 100; second++) {
      await clock.advance(1_000);
      left(before(0), 600);
      left(since, 600);
    }
    expect(left(since, 600)).toBe(500_000);
  });

  it('is forgotten with its request', () => {
    const { keeper, left } = setUp();
    left('', 1);
    expect(keeper.size).toBe(1);
    keeper.forget('uid');
    expect(keeper.size).toBe(0);
  });
});
