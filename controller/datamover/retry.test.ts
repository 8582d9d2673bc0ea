import { describe, expect, it } from '@jest/globals';
import type {
  DataMoverDelete,
  DataMoverDeleteStatus,
} from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import { pauseAfter } from './retry.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const MINUTE_MS = 60_000;

const request = { metadata: { name: 'one' } } as DataMoverDelete;
const failure = { reason: 'RepositoryUnreachable', message: 'no answer' };

describe('the pause after a failed removal', () => {
  it('grows with every failure, to an hour at most', () => {
    const status: DataMoverDeleteStatus = {};
    const pauses: (number | undefined)[] = [];
    for (let now = NOW; pauses.length < 9; now += pauses.at(-1) ?? 0)
      pauses.push(pauseAfter(request, status, failure, new Date(now)));
    expect(pauses.map((ms = 0) => ms / MINUTE_MS)).toEqual([0.5, 1, 2, 4, 8, 16, 32, 60, 60]);
    expect(status).toMatchObject({ failedTries: 9, lastFailure: failure });
  });

  it('does not restart while it lasts', () => {
    const status: DataMoverDeleteStatus = {};
    pauseAfter(request, status, failure, new Date(NOW));
    expect(pauseAfter(request, status, failure, new Date(NOW + 10_000))).toBe(20_000);
    expect(status.failedTries).toBe(1);
  });

  it.each(['InvalidRequest', 'Forbidden'])('never comes after %s', (reason) => {
    const status: DataMoverDeleteStatus = {};
    expect(pauseAfter(request, status, { reason, message: 'never' }, new Date(NOW))).toBeUndefined();
    expect(status).toEqual({});
  });

  it('never comes once the request is deleted', () => {
    const deleted = { metadata: { name: 'one', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(pauseAfter(deleted as DataMoverDelete, {}, failure, new Date(NOW))).toBeUndefined();
  });
});
