import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../tests/fakes/fake-clock.ts';
import { ttlCache } from './ttl-cache.ts';

describe('the cache of answers', () => {
  it.each([-3_600_000, 3_600_000])(
    'keeps an answer for its time, though the wall clock is set by %d ms',
    async (step) => {
      const clock = createFakeClock();
      let loads = 0;
      const cached = ttlCache({ ttlMs: 10_000, clock }, () => Promise.resolve(++loads));
      await cached('key');
      clock.stepWall(step);
      await clock.advance(9_999);
      expect(await cached('key')).toBe(1);
      await clock.advance(1);
      expect(await cached('key')).toBe(2);
    },
  );
});
