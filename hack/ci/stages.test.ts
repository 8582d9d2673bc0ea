import { describe, expect, it } from '@jest/globals';
import { runStages } from './stages.ts';

const [FIRST, SECOND, THIRD] = ['first', 'second', 'third'].map((name) => ({ name, args: [] }));

/** Returns what was done, in order, if stages exit with these codes. */
async function run(
  { steps = [[FIRST!], [SECOND!], [THIRD!]], codes = {} }: Partial<Parameters>,
  interruptedIn?: string,
) {
  const done: string[] = [];
  const interruption = new AbortController();
  const code = await runStages(steps, {
    signal: interruption.signal,
    clean: async () => void done.push('clean'),
    run: async ({ name }) => {
      done.push(name);
      if (name === interruptedIn) interruption.abort();
      await Promise.resolve();
      done.push(`${name} ended`);
      return codes[name] ?? 0;
    },
  });
  return { code, done };
}

interface Parameters {
  steps: readonly (readonly { name: string; args: readonly string[] }[])[];
  codes: Readonly<Record<string, number>>;
}

const runOf = (name: string): string[] => [name, `${name} ended`];

describe('stages', () => {
  it('clean up before and after', async () => {
    const done = ['clean', ...runOf('first'), ...runOf('second'), ...runOf('third'), 'clean'];
    expect(await run({})).toEqual({ code: 0, done });
  });

  it('run at the same time within a step', async () => {
    const done = ['clean', 'first', 'second', 'first ended', 'second ended', ...runOf('third'), 'clean'];
    expect(await run({ steps: [[FIRST!, SECOND!], [THIRD!]] })).toEqual({ code: 0, done });
  });

  it('all run although one fails, and everything is kept for inspection', async () => {
    const done = ['clean', ...runOf('first'), ...runOf('second'), ...runOf('third')];
    expect(await run({ codes: { first: 2, third: 1 } })).toEqual({ code: 2, done });
  });

  it('stop at an interruption and clean up', async () => {
    const done = ['clean', ...runOf('first'), ...runOf('second'), 'clean'];
    expect(await run({ codes: { second: 143 } }, 'second')).toEqual({ code: 130, done });
  });
});
