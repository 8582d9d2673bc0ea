import { describe, expect, it } from '@jest/globals';
import { backupOutcome, restoreOutcome } from './proof.ts';
import { repositoryContext } from '../restic-repository/access/repository-context.ts';
import { remedies } from './remedies.ts';
import type { TransferState } from './observation.ts';
import { readResticLog } from './restic-log.ts';

const now = Date.parse('2026-01-01T00:01:00Z');
const left = (since = '', seconds: number): number => Date.parse(since) + seconds * 1000 - now;
const JUST_NOW = '2026-01-01T00:00:55Z';
const wanted = {
  snapshotID: 'abcdef01',
  repositoryPath: 'c1/app/data',
  recordedLocation: undefined,
  context: repositoryContext('c1/app/data', 'velero/restic-config', remedies),
};

const success = (lines: string[], logComplete = true): TransferState => ({
  state: 'succeeded',
  log: readResticLog(lines),
  finishedAt: '2026-01-01T00:00:50Z',
  logComplete,
});

describe('a backup that VolSync calls a success', () => {
  it('is one with a snapshot', () => {
    const lines = [
      'Added to the repository: 1 B (1 B stored)',
      'processed 2 files, 3 B in 0:00',
      'snapshot abcdef01 saved',
    ];
    expect(backupOutcome(success(lines), JUST_NOW, left)).toEqual({
      state: 'Done',
      facts: {
        snapshotID: 'abcdef01',
        snapshotTime: '2026-01-01T00:00:50Z',
        files: 2,
        bytes: 3,
        uploadedBytes: 1,
      },
    });
  });

  it('is one of nothing when the volume was empty', () => {
    expect(backupOutcome(success(['== Directory is empty skipping backup ===']), JUST_NOW, left)).toEqual({
      state: 'Done',
      facts: { empty: true, bytes: 0, files: 0 },
    });
  });

  it('is none without a snapshot, once the log has been read', () => {
    expect(backupOutcome(success([]), JUST_NOW, left)).toMatchObject({
      state: 'Failed',
      reason: 'MoverFailed',
    });
    expect(backupOutcome(success([], false), JUST_NOW, left)).toMatchObject({
      state: 'InProgress',
      requeueAfterMs: 10_000,
    });
    expect(backupOutcome(success([], false), '2026-01-01T00:00:45Z', left)).toMatchObject({
      state: 'Failed',
    });
  });
});

describe('a restore that VolSync calls a success', () => {
  it('reports the restored snapshot', () => {
    const lines = [
      'restoring snapshot 99999999 of [/data] at …',
      'Summary: Restored 2 files/dirs (3 B) in 0:00',
    ];
    expect(restoreOutcome(success(lines), wanted, JUST_NOW, left)).toEqual({
      state: 'Done',
      facts: { snapshotID: '99999999', files: 2, bytes: 3 },
    });
  });

  it.each([
    ['nothing matched', ['No eligible snapshots found'], 'RepositoryMissing'],
    ['nobody says which snapshot it was', [], 'MoverFailed'],
  ])('is none when %s', (_, lines, reason) => {
    expect(restoreOutcome(success(lines), wanted, JUST_NOW, left)).toMatchObject({ state: 'Failed', reason });
  });

  it('names the location in the record if no snapshot matched', () => {
    const through = {
      ...wanted,
      recordedLocation: 'archive',
      context: repositoryContext('c1/app/data', 'velero/restic-config', remedies, 'velero/default'),
    };
    const outcome = restoreOutcome(success(['No eligible snapshots found']), through, JUST_NOW, left);
    const { message } = outcome as { message: string };
    expect(message).toContain(
      'check that BackupStorageLocation velero/default is the location of the backup',
    );
    expect(message).toContain('BackupStorageLocation archive');
    expect(message).toContain('config.backupStorageLocation.name');
  });

  it('waits for the log', () => {
    expect(restoreOutcome(success([], false), wanted, JUST_NOW, left)).toMatchObject({ state: 'InProgress' });
  });
});

it.each<TransferState>([
  { state: 'InProgress', message: 'm', started: true },
  { state: 'Failed', reason: 'NoSpace', message: 'm' },
])('what is no success stays what it is: %j', (observed) => {
  expect(backupOutcome(observed, undefined, left)).toBe(observed);
  expect(restoreOutcome(observed, wanted, undefined, left)).toBe(observed);
});
