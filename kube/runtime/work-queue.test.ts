import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { bucketLimiter, exponentialLimiter, maxOfLimiters } from './rate-limiter.ts';
import { TURN } from './turns.ts';
import { createWorkQueue } from './work-queue.ts';

function setup() {
  const clock = createFakeClock();
  const rateLimiter = exponentialLimiter({ baseMs: 1_000, maxMs: 8_000 });
  return { clock, queue: createWorkQueue({ name: 'test', clock, rateLimiter }) };
}

describe('work queue', () => {
  it('hands out each waiting item once, in the order of arrival', async () => {
    const { queue } = setup();
    for (const item of ['a', 'b', 'a', 'c', 'b']) queue.add(item);
    expect(queue.length).toBe(3);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c']);
  });

  it('hands out the urgent first, the oldest among equals, and moves an item forward but never back', async () => {
    const urgency = new Map([
      ['running', 0],
      ['running too', 0],
      ['waiting', 2],
      ['finished', 3],
    ]);
    const queue = createWorkQueue({ name: 'test', priorityOf: (item) => urgency.get(item) ?? 1 });
    for (const item of ['finished', 'waiting', 'new', 'running', 'running too']) queue.add(item);
    urgency.set('finished', 0).set('running', 3);
    queue.add('finished');
    queue.add('running');
    const order = [];
    while (queue.length > 0) order.push(await queue.get());
    expect(order).toEqual(['running', 'running too', 'finished', 'new', 'waiting']);
  });

  it('adds what is due at one moment in bounded turns', async () => {
    const { queue, clock } = setup();
    for (let index = 0; index < 3 * TURN; index++) queue.addAfter(`item ${String(index)}`, 1_000);
    const lengths: number[] = [];
    const timers = clock.after;
    clock.after = (ms, action) =>
      timers(ms, () => {
        action();
        lengths.push(queue.length);
      });
    // An item that is due earlier gets a timer that this test observes.
    queue.addAfter('first', 500);
    await clock.advance(1_000);
    expect(lengths).toEqual([1, TURN + 1, 2 * TURN + 1, 3 * TURN + 1]);
  });

  it('hands out an item that was added again during its processing only after it is done', async () => {
    const { queue } = setup();
    queue.add('a');
    await queue.get();
    queue.add('a');
    queue.add('a');
    queue.add('b');
    expect(await queue.get()).toBe('b');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(await queue.get()).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('hands items to waiting workers as they arrive', async () => {
    const { queue } = setup();
    const workers = [queue.get(), queue.get()];
    queue.add('a');
    queue.add('b');
    expect(await Promise.all(workers)).toEqual(['a', 'b']);
  });

  it('releases a waiting worker when its signal aborts, and loses no item', async () => {
    const { queue } = setup();
    const stop = new AbortController();
    const worker = queue.get(stop.signal);
    stop.abort();
    expect(await worker).toBeUndefined();
    queue.add('a');
    expect(await queue.get()).toBe('a');
  });

  it('adds later, keeps the earlier of two moments, and uses one timer', async () => {
    const { queue, clock } = setup();
    queue.addAfter('a', 10_000);
    queue.addAfter('b', 5_000);
    queue.addAfter('a', 2_000);
    queue.addAfter('a', 20_000);
    expect(clock.pending).toBe(1);
    await clock.advance(1_999);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
    await clock.advance(3_000);
    expect(await queue.get()).toBe('b');
    await clock.advance(60_000);
    expect(queue.length).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('waits longer after each failure of an item, up to the limit, and starts over after forget', async () => {
    const { queue, clock } = setup();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      if (attempt === 5) queue.forget('a');
      const before = clock.now();
      queue.addRateLimited('a');
      while (queue.length === 0) await clock.advance(500);
      waits.push(clock.now() - before);
      await queue.get();
      queue.done('a');
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 1_000]);
    expect(queue.retries('a')).toBe(1);
  });

  it('drains on shutdown: hands out what is queued, takes nothing new, ends when all is done', async () => {
    const { queue, clock } = setup();
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 1_000);
    expect(await queue.get()).toBe('a');
    let over = false;
    const shutdown = queue.shutdown({ drain: true }).then(() => (over = true));
    queue.add('d');
    await clock.advance(5_000);
    expect(await queue.get()).toBe('b');
    queue.done('a');
    await clock.advance(0);
    expect(over).toBe(false);
    queue.done('b');
    await shutdown;
    expect(await queue.get()).toBeUndefined();
  });

  it('drops what is queued on shutdown without drain, and releases waiting workers', async () => {
    const { queue } = setup();
    const worker = queue.get();
    await queue.shutdown({ drain: false });
    expect(await worker).toBeUndefined();
    queue.add('a');
    expect(await queue.get()).toBeUndefined();
  });
});

describe('rate limiters', () => {
  it('allow a burst and then one item per interval', () => {
    const clock = createFakeClock();
    const limiter = bucketLimiter({ clock, perSecond: 10, burst: 3 });
    expect(Array.from({ length: 5 }, () => limiter.when('x'))).toEqual([0, 0, 0, 100, 200]);
  });

  it('fills the bucket again while it is quiet', async () => {
    const clock = createFakeClock();
    const limiter = bucketLimiter({ clock, perSecond: 10, burst: 2 });
    for (let i = 0; i < 4; i++) limiter.when('x');
    await clock.advance(400);
    expect([limiter.when('x'), limiter.when('x'), limiter.when('x')]).toEqual([0, 0, 100]);
  });

  it('combine to the longest of their waits', () => {
    const clock = createFakeClock();
    const both = maxOfLimiters(
      exponentialLimiter({ baseMs: 50 }),
      bucketLimiter({ clock, perSecond: 1, burst: 1 }),
    );
    expect([both.when('a'), both.when('b'), both.when('a')]).toEqual([50, 1_000, 2_000]);
    expect(both.retries('a')).toBe(2);
    both.forget('a');
    expect(both.retries('a')).toBe(0);
  });
});

/** What can happen to the queue, in any order. */
type Step =
  | { do: 'add'; item: string }
  | { do: 'rateLimited'; item: string }
  | { do: 'addAfter'; item: string; ms: number }
  | { do: 'take' }
  | { do: 'finish'; which: number }
  | { do: 'tick'; ms: number };

const item = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), item }),
  fc.record({ do: fc.constant('rateLimited' as const), item }),
  fc.record({ do: fc.constant('addAfter' as const), item, ms: fc.integer({ min: 0, max: 5_000 }) }),
  fc.record({ do: fc.constant('take' as const) }),
  fc.record({ do: fc.constant('finish' as const), which: fc.nat(3) }),
  fc.record({ do: fc.constant('tick' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
);

describe('work queue, in any order of events', () => {
  it('loses no item and never runs one twice at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { queue, clock } = setup();
        const running = new Set<string>();
        /** Items that were added after their last start: each must start again. */
        const owed = new Set<string>();
        const take = async (): Promise<boolean> => {
          if (queue.length === 0) return false;
          const taken = (await queue.get()) as string;
          expect(running.has(taken)).toBe(false);
          running.add(taken);
          owed.delete(taken);
          return true;
        };
        const finish = (name: string | undefined): void => {
          if (name === undefined) return;
          running.delete(name);
          queue.done(name);
        };
        for (const one of steps) {
          if (one.do === 'take') await take();
          else if (one.do === 'finish') finish([...running][one.which]);
          else if (one.do === 'tick') await clock.advance(one.ms);
          else {
            owed.add(one.item);
            if (one.do === 'add') queue.add(one.item);
            else if (one.do === 'rateLimited') queue.addRateLimited(one.item);
            else queue.addAfter(one.item, one.ms);
          }
        }
        await clock.advance(60_000);
        for (let more = true; more;) {
          [...running].forEach(finish);
          more = await take();
        }
        expect([...owed]).toEqual([]);
        expect(queue.length).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('runs side by side workers to the end, each item at least once after its last add', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (items, workers) => {
          const { queue } = setup();
          const running = new Set<string>();
          const startedAt = new Map<string, number>();
          const addedAt = new Map<string, number>();
          let moment = 0;
          const work = async (): Promise<void> => {
            for (let one = await queue.get(); one !== undefined; one = await queue.get()) {
              expect(running.has(one)).toBe(false);
              running.add(one);
              startedAt.set(one, ++moment);
              await Promise.resolve();
              running.delete(one);
              queue.done(one);
            }
          };
          const all = Promise.all(Array.from({ length: workers }, work));
          for (const one of items) {
            addedAt.set(one, ++moment);
            queue.add(one);
            await Promise.resolve();
          }
          await queue.shutdown({ drain: true });
          await all;
          for (const [one, added] of addedAt) expect(startedAt.get(one)).toBeGreaterThan(added);
        },
      ),
      { numRuns: 200 },
    );
  });
});
