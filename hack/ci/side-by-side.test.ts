import { describe, expect, it } from '@jest/globals';
import { runSideBySide } from './side-by-side.ts';

const TARGETS = ['long', 'second', 'third', 'fourth'];

/** Returns the begins and ends of targets, in order, if the targets exit with these codes. `long` ends last. */
async function follow(codes: Readonly<Record<string, number>>, keepsGoing = true, interruptedIn?: string) {
  const done: string[] = [];
  const interruption = new AbortController();
  const others = Promise.withResolvers<undefined>();
  const code = await runSideBySide(TARGETS, {
    places: 2,
    keepsGoing,
    signal: interruption.signal,
    run: async (target) => {
      done.push(target);
      if (target === interruptedIn) interruption.abort();
      const isLast = target === 'fourth' || interruption.signal.aborted || (codes[target] ?? 0) !== 0;
      if (target === 'long') await others.promise;
      else if (isLast) others.resolve(undefined);
      done.push(`${target} ends`);
      return codes[target] ?? 0;
    },
  });
  return { code, done };
}

describe('targets side by side', () => {
  it('run one after the other beside a long one', async () => {
    expect(await follow({})).toEqual({
      code: 0,
      done: 'long,second,second ends,third,third ends,fourth,fourth ends,long ends'.split(','),
    });
  });

  it('all run although one fails', async () => {
    const { code, done } = await follow({ fourth: 2 });
    expect(code).toBe(2);
    expect(done).toHaveLength(2 * TARGETS.length);
    expect((await follow({ second: 2 })).done).toContain('fourth ends');
  });

  it('start no other target after a failure without keep-going, and wait for running ones', async () => {
    const { code, done } = await follow({ second: 2 }, false);
    expect(code).toBe(2);
    expect(done.sort()).toEqual(['long', 'long ends', 'second', 'second ends']);
  });

  it('begin nothing after an interruption, and wait for what runs', async () => {
    const { code, done } = await follow({}, true, 'second');
    expect(code).toBe(130);
    expect(done.sort()).toEqual(['long', 'long ends', 'second', 'second ends']);
  });
});
