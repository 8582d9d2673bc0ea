import { describe, expect, it } from '@jest/globals';
import { progressOf } from './progress.ts';
import type { RequestStatus } from './status.ts';

const NOW = Date.UTC(2026, 0, 2);
const CREATED = '2026-01-01T00:00:00Z';
const GIB = 1024 ** 3;

function progress(status?: RequestStatus) {
  const request = { metadata: { creationTimestamp: CREATED }, ...(status === undefined ? {} : { status }) };
  return progressOf(request, 'uploading', NOW);
}

describe('progress', () => {
  it.each<[RequestStatus | undefined, string]>([
    [undefined, 'waiting for the data mover controller'],
    [{ phase: 'Capturing', message: 'cutting a snapshot' }, 'cutting a snapshot'],
    [{ phase: 'Staging' }, 'Staging'],
    [{ phase: 'Queued', queue: { ahead: 3, reason: 'limit' } }, 'queued, 3 ahead'],
    [{ phase: 'Moving', message: 'starting' }, 'starting'],
    [
      { phase: 'Moving', progress: { bytesDone: 1.2 * GIB, totalBytes: 3.4 * GIB, updatedAt: CREATED } },
      'uploading 1.2 of 3.4 GiB',
    ],
    [{ phase: 'Moving', progress: { bytesDone: 2 * GIB, updatedAt: CREATED } }, 'uploading, 2.0 GiB so far'],
    [
      {
        phase: 'Moving',
        movingSince: '2025-12-31T23:59:30Z',
        progress: { bytesDone: 1200 * 1024 ** 2, totalBytes: 3.4 * GIB, updatedAt: CREATED },
      },
      'uploading 1.2 of 3.4 GiB, 40 MiB/s',
    ],
    [
      { phase: 'Moving', movingSince: CREATED, progress: { bytesDone: 5, updatedAt: CREATED } },
      'uploading, 5 B so far',
    ],
    [
      { phase: 'Moving', movingSince: 'sometime', progress: { bytesDone: 5, updatedAt: CREATED } },
      'uploading, 5 B so far',
    ],
    [{ phase: 'Completed', message: 'snapshot abc' }, 'snapshot abc'],
  ])('of %j is described as %p', (status, description) => {
    expect(progress(status)).toMatchObject({ description, error: '' });
  });

  it.each<[RequestStatus, boolean, string]>([
    [{ phase: 'Moving' }, false, ''],
    [{ phase: 'CleaningUp', failure: { reason: 'NoSpace', message: 'full' } }, false, ''],
    [{ phase: 'Completed' }, true, ''],
    [{ phase: 'Failed', failure: { reason: 'NoSpace', message: 'full' } }, true, 'NoSpace: full'],
    [{ phase: 'Failed', message: 'broke' }, true, 'Failed: broke'],
    [{ phase: 'Failed' }, true, 'Failed'],
    [{ phase: 'Canceled', message: '' }, true, 'Canceled'],
  ])('of %j is completed: %p with error %p', (status, completed, error) => {
    expect(progress(status)).toMatchObject({ completed, error });
  });

  it('has both times and both numbers with any status', () => {
    expect(progress()).toMatchObject({
      started: new Date(CREATED),
      updated: new Date(NOW),
      bytesDone: 0,
      bytesTotal: 0,
    });
    const status = {
      phase: 'Completed',
      startTimestamp: '2026-01-01T00:00:05Z',
      completionTimestamp: '2026-01-01T01:00:00Z',
      progress: { bytesDone: 7, updatedAt: '2026-01-01T00:59:00Z' },
    };
    expect(progress(status)).toMatchObject({
      started: new Date('2026-01-01T00:00:05Z'),
      updated: new Date('2026-01-01T01:00:00Z'),
      bytesDone: 7,
      bytesTotal: 7,
    });
    const odd = { phase: 'Moving', startTimestamp: 'yesterday' };
    expect(progress(odd).started).toEqual(new Date(NOW));
  });
});
