import { describe, expect, it } from '@jest/globals';
import { dataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { moverDeadline } from '../../movers/stall-deadline.ts';
import { recordProgress } from '../../movers/progress.ts';
import type { TimeLimits } from '../../lifecycle/request/time-limits.ts';

const { deadlines } = dataMoverClassSpec.parse({
  mover: 'm',
  deadlines: { moverStartSeconds: 60, noProgressSeconds: 600 },
});
const at = (minutes: number): string => new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString();

const limits: TimeLimits = { endOf: (since = '', seconds) => Date.parse(since) + seconds * 1000 };

describe('the deadline of a mover', () => {
  it.each([
    ['that has not started counts from the request', false, undefined, undefined, 1],
    ['that has not started again counts from its newest pod', false, 30, undefined, 31],
    ['that has started counts from the request', true, undefined, undefined, 10],
    ['that has moved something counts from then', true, undefined, 20, 30],
    ['that has said something counts from then', true, 25, 20, 35],
    ['that said something before it moved counts from the later', true, 15, 20, 30],
  ])('%s', (_, started, activity, progress, minutes) => {
    const deadline = moverDeadline(
      {
        state: 'InProgress',
        message: 'm',
        started,
        ...(activity !== undefined && { lastActivity: at(activity) }),
      },
      { movingSince: at(0), ...(progress !== undefined && { progress: { updatedAt: at(progress) } }) },
      { deadlines, limits, tellsBytes: true },
    );
    expect(new Date(deadline?.at ?? 0).toISOString()).toBe(at(minutes));
    expect(deadline?.message).toMatch(started ? /no progress for 600 s: m/ : /did not start within 60 s: m/);
  });

  it('that reports no bytes does not apply while the mover works', () => {
    const working = { state: 'InProgress', message: 'm', started: true } as const;
    expect(
      moverDeadline(working, { movingSince: at(0) }, { deadlines, limits, tellsBytes: false }),
    ).toBeUndefined();
  });
});

describe('progress', () => {
  const now = new Date(at(5));

  it('has the time of its last change', () => {
    const status = { progress: { bytesDone: 1, updatedAt: at(0) } };
    recordProgress(status, { bytesDone: 1 }, now);
    expect(status.progress).toEqual({ bytesDone: 1, updatedAt: at(0) });
    recordProgress(status, { bytesDone: 2 }, now);
    expect(status.progress).toEqual({ bytesDone: 2, updatedAt: at(5) });
  });

  it('keeps values that the next report does not contain', () => {
    const status = { progress: { bytesDone: 1, totalBytes: 9, updatedAt: at(0) } };
    recordProgress(status, { bytesDone: 2 }, now);
    expect(status.progress).toMatchObject({ bytesDone: 2, totalBytes: 9 });
  });

  it('is nothing before there is some', () => {
    const status = {};
    recordProgress(status, undefined, now);
    expect(status).toEqual({});
    recordProgress(status, { bytesDone: 0 }, now);
    expect(status).toEqual({ progress: { bytesDone: 0, updatedAt: at(5) } });
  });
});
