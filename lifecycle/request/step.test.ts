import { describe, expect, it } from '@jest/globals';
import {
  checkpoint,
  done,
  failed,
  LONGEST_SLEEP_MS,
  requeueAfter,
  runSteps,
  waiting,
  type StepResult,
} from './step.ts';

const NOW = 1_000_000;

const steps = (...results: StepResult[]) =>
  results.map((result, index) => ({
    name: `step ${String(index)}`,
    run: (ran: number[]) => {
      ran.push(index);
      return result;
    },
  }));

describe('running steps', () => {
  it.each([
    ['all', [done, done], undefined, done, [0, 1]],
    ['a checkpoint', [done, checkpoint, done], 'step 1', checkpoint, [0, 1]],
    ['a failure', [failed('NoSpace', 'full'), done], 'step 0', failed('NoSpace', 'full'), [0]],
    ['a wait', [waiting('for it'), done], 'step 0', waiting('for it'), [0]],
  ])('stops after %s', async (_, results, step, result, expected) => {
    const ran: number[] = [];
    expect(await runSteps(steps(...results), ran, NOW)).toEqual({ step, result });
    expect(ran).toEqual(expected);
  });

  it.each([
    [NOW + 1, { state: 'waiting' }],
    [NOW, { state: 'failed', reason: 'StagingFailed', message: 'too late' }],
    [NOW - 1, { state: 'failed', reason: 'StagingFailed', message: 'too late' }],
  ])('turns a wait until %d into what it has become by then', async (at, result) => {
    const wait = waiting('for it', { deadline: { at, reason: 'StagingFailed', message: 'too late' } });
    expect((await runSteps(steps(wait), [], NOW)).result).toMatchObject(result);
  });

  it('calls a deadline without a reason just that', async () => {
    const wait = waiting('for it', { deadline: { at: 0, message: 'too late' } });
    expect((await runSteps(steps(wait), [], NOW)).result).toEqual(failed('DeadlineExceeded', 'too late'));
  });

  it('throws what a step throws', async () => {
    const broken = { name: 'broken', run: () => Promise.reject(new Error('away')) };
    await expect(runSteps([broken], {}, NOW)).rejects.toThrow('away');
  });
});

describe('the next look', () => {
  const deadline = { at: NOW + 500, message: '' };
  it.each([
    [done, undefined],
    [checkpoint, undefined],
    [waiting('x'), LONGEST_SLEEP_MS],
    [waiting('x', { deadline: { ...deadline, at: NOW + 86_400_000 } }), LONGEST_SLEEP_MS],
    [waiting('x', { requeueAfterMs: 100 }), 100],
    [waiting('x', { deadline }), 500],
    [waiting('x', { deadline, requeueAfterMs: 100 }), 100],
    [waiting('x', { deadline, requeueAfterMs: 900 }), 500],
    [waiting('x', { deadline: { ...deadline, at: NOW - 1 } }), 0],
  ])('after %j comes in %s ms', (result, ms) => {
    expect(requeueAfter(result, NOW)).toBe(ms);
  });
});
