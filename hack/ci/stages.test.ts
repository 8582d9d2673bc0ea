import { describe, expect, it } from '@jest/globals';
import { runStages } from './stages.ts';

const STAGES = ['first', 'second', 'third'].map((name) => ({ name, args: [] }));

/** Returns what was done, in order, if stages exit with these codes. */
async function tell(codes: Readonly<Record<string, number>>, interruptedIn?: string) {
  const done: string[] = [];
  const interruption = new AbortController();
  const code = await runStages(STAGES, {
    signal: interruption.signal,
    clean: async () => void done.push('clean'),
    run: async ({ name }) => {
      done.push(name);
      if (name === interruptedIn) interruption.abort();
      return codes[name] ?? 0;
    },
  });
  return { code, done };
}

describe('stages', () => {
  it('begin and end with a clean place', async () => {
    expect(await tell({})).toEqual({ code: 0, done: ['clean', 'first', 'second', 'third', 'clean'] });
  });

  it('run all although one fails, and leave everything for a look', async () => {
    const expected = { code: 2, done: ['clean', 'first', 'second', 'third'] };
    expect(await tell({ first: 2, third: 1 })).toEqual(expected);
  });

  it('end with an interruption, and clean up behind it', async () => {
    const expected = { code: 130, done: ['clean', 'first', 'second', 'clean'] };
    expect(await tell({ second: 143 }, 'second')).toEqual(expected);
  });
});
