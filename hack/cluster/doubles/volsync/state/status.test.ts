import { describe, expect, it } from '@jest/globals';
import type { ReplicationStatus } from '../api.ts';
import { finished, idle, inProgress, started, stateOf, withError } from './status.ts';

const T0 = Date.parse('2026-01-02T03:04:05.600Z');
const SECOND = 1000;
const condition = (status: ReplicationStatus) => status.conditions?.[0];

describe('the state machine', () => {
  it('reads its state from two times', () => {
    expect(stateOf({})).toBe('Initial');
    expect(stateOf({ lastSyncStartTime: 'x' })).toBe('Synchronizing');
    expect(stateOf({ lastSyncStartTime: 'x', lastSyncTime: 'y' })).toBe('Synchronizing');
    expect(stateOf({ lastSyncTime: 'y' })).toBe('CleaningUp');
  });

  it('starts at a whole second and reports the sync in progress', () => {
    expect(started({}, T0)).toEqual({
      lastSyncStartTime: '2026-01-02T03:04:05Z',
      conditions: [
        {
          type: 'Synchronizing',
          status: 'True',
          reason: 'SyncInProgress',
          message: 'Synchronization in-progress',
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ],
    });
  });

  it('finishes with the tag of the spec at the end, and a duration that counts from the whole second', () => {
    const running = started({ latestMoverStatus: { result: 'Successful' }, lastManualSync: 'zero' }, T0);
    const done = finished(running, { manual: 'two' }, T0 + 49 * SECOND);
    expect(done).toMatchObject({
      lastManualSync: 'two',
      lastSyncTime: '2026-01-02T03:04:54Z',
      lastSyncDuration: '49.6s',
      latestMoverStatus: { result: 'Successful' },
    });
    expect(done.lastSyncStartTime).toBeUndefined();
    expect(condition(done)).toMatchObject({ status: 'False', reason: 'CleaningUp', message: 'Cleaning up' });
  });

  it('forgets the tag when the trigger has none any more', () => {
    const done = finished(started({ lastManualSync: 'one' }, T0), {}, T0 + SECOND);
    expect('lastManualSync' in done).toBe(false);
  });

  it('keeps the transition time while the condition stays False', () => {
    const done = finished(started({}, T0), { manual: 'one' }, T0 + SECOND);
    const waiting = idle(done, { manual: 'one' }, T0 + 60 * SECOND).status;
    expect(condition(waiting)).toMatchObject({
      reason: 'WaitingForManual',
      lastTransitionTime: '2026-01-02T03:04:06Z',
    });
  });

  it('starts the next sync directly after CleaningUp if the tag has changed', () => {
    const done = finished(started({}, T0), { manual: 'one' }, T0 + SECOND);
    const next = idle(done, { manual: 'two' }, T0 + 2 * SECOND).status;
    expect(next).toMatchObject({ lastManualSync: 'one', lastSyncStartTime: '2026-01-02T03:04:07Z' });
    expect(condition(next)).toMatchObject({ status: 'True', reason: 'SyncInProgress' });
  });

  it('starts again at once if it has no trigger or the tag was removed', () => {
    const done = finished(started({}, T0), undefined, T0 + SECOND);
    expect(stateOf(idle(done, undefined, T0 + SECOND).status)).toBe('Synchronizing');
    expect(stateOf(idle({ ...done, lastManualSync: 'one' }, {}, T0 + SECOND).status)).toBe('Synchronizing');
  });

  it('keeps the sync when it shows an error', () => {
    const broken = withError(started({}, T0), 'Secret "missing" not found', T0 + SECOND);
    expect(stateOf(broken)).toBe('Synchronizing');
    expect(condition(broken)).toMatchObject({
      status: 'False',
      reason: 'Error',
      message: 'Secret "missing" not found',
    });
    expect(condition(inProgress(broken, T0 + 2 * SECOND))).toMatchObject({ status: 'True' });
  });

  it('waits for its schedule and starts once the time is past', () => {
    const trigger = { schedule: '*/10 * * * *' };
    const done = finished(started({}, T0), trigger, T0 + SECOND);
    expect(done.nextSyncTime).toBe('2026-01-02T03:10:00Z');
    const waiting = idle(done, trigger, T0 + 2 * SECOND);
    expect(condition(waiting.status)?.reason).toBe('WaitingForSchedule');
    const due = T0 + 2 * SECOND + (waiting.waitMs ?? 0);
    expect(stateOf(idle(waiting.status, trigger, due).status)).toBe('Synchronizing');
  });

  it('prefers a manual trigger to a schedule', () => {
    const done = finished(started({}, T0), { manual: 'one', schedule: '@hourly' }, T0 + SECOND);
    expect(done.nextSyncTime).toBeUndefined();
  });

  it('finds out about a wrong schedule only at the end, and does not finish', () => {
    const running = started({}, T0);
    const broken = finished(running, { schedule: '99 99 99 99 99' }, T0 + SECOND);
    expect(condition(broken)).toMatchObject({
      reason: 'Error',
      message: 'end of range (99) above maximum (59): 99',
    });
    expect(broken).toMatchObject({
      lastSyncTime: '2026-01-02T03:04:06Z',
      lastSyncStartTime: running.lastSyncStartTime,
      lastSyncDuration: '1.6s',
    });
  });
});
