import { describe, expect, it } from '@jest/globals';
import { isSuccess, totalsLine, totalsOf } from './totals.ts';

const run = (passed: number, failed = 0, broken = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numRuntimeErrorTestSuites: broken,
});

describe('totalsOf', () => {
  it('adds the runs up', () => {
    const totals = totalsOf([run(3), run(4, 2)], false);
    expect(totals).toEqual({ passed: 7, failed: 2 });
    expect(totalsLine(totals)).toBe('7 passed, 2 failed');
  });

  it('counts a file that could not run as a failure', () => {
    expect(totalsOf([run(3, 0, 1)], false)).toEqual({ passed: 3, failed: 1 });
  });

  it('counts a failure outside of the tests once', () => {
    expect(totalsOf([run(3)], false)).toEqual({ passed: 3, failed: 1 });
  });
});

describe('isSuccess', () => {
  it.each([
    ['all passed', { passed: 1, failed: 0 }, true],
    ['one failed', { passed: 5, failed: 1 }, false],
    ['nothing ran', { passed: 0, failed: 0 }, false],
  ])('%s', (_, totals, expected) => {
    expect(isSuccess(totals)).toBe(expected);
  });
});
