import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readResticLog, savedSnapshotIn } from './restic-log.ts';

const KI = 1024;

describe("restic's log", () => {
  it('of a first backup', () => {
    const lines = [
      'Starting container',
      '=== Initialize Dir ===',
      'created restic repository 615aace07e at s3:http://s3/bucket/c1/app/data',
      'no parent snapshot found, will read all files',
      '[0:10] 41.02%  12 files 1.500 KiB, total 56 files 3.000 KiB, 0 errors ETA 0:14',
      'Files:          56 new,     0 changed,     0 unmodified',
      'Added to the repository: 2.500 KiB (2.100 KiB stored)',
      '',
      'processed 56 files, 3.000 KiB in 0:11',
      'snapshot cddb1962 saved',
      'Restic completed in 13s',
    ];
    expect(readResticLog(lines)).toEqual({
      savedSnapshot: 'cddb1962',
      sourceEmpty: false,
      nothingRestored: false,
      files: 56,
      bytes: 3 * KI,
      addedBytes: 2.5 * KI,
      progress: { filesDone: 12, bytesDone: 1.5 * KI, totalFiles: 56, totalBytes: 3 * KI },
    });
  });

  it('of a restore whose earlier try has restored some of it', () => {
    const log = readResticLog([
      'Summary: Restored 6 files/dirs (20.000 MiB) in 0:00, skipped 5 files/dirs 53.000 MiB',
    ]);
    expect(log).toMatchObject({ files: 11, bytes: 73 * KI * KI });
  });

  it('as VolSync keeps it, with its own spaces', () => {
    const log = readResticLog([
      'Added to the repository: 357 B   (377 B   stored)',
      'processed 1 files, 6 B in 0:00',
    ]);
    expect(log).toMatchObject({ addedBytes: 357, files: 1, bytes: 6 });
  });

  it('of a restore', () => {
    const lines = [
      'restoring snapshot cddb1962 of [/data] at 2026-01-01 00:00:00.1 +0000 UTC by @volsync to .',
      '[0:05] 33.33%  5 files/dirs 1.000 MiB, total 15 files/dirs 3.000 MiB',
      'Summary: Restored 15 / 16 files/dirs (3.000 MiB / 4.000 MiB) in 0:06',
    ];
    expect(readResticLog(lines)).toMatchObject({
      restoredSnapshot: 'cddb1962',
      files: 15,
      bytes: 3 * KI * KI,
      progress: { filesDone: 5, bytesDone: KI * KI, totalFiles: 15, totalBytes: 3 * KI * KI },
    });
  });

  it.each([
    ['== Directory is empty skipping backup ===', { sourceEmpty: true }],
    ['No eligible snapshots found', { nothingRestored: true }],
    ['=== No data will be restored ===', { nothingRestored: true }],
    ['using parent snapshot cddb1962', {}],
    ['snapshot xyz saved', {}],
    ['snapshot cddb196 saved', {}],
    ['[0:10] 0 files 0 B', { progress: { filesDone: 0, bytesDone: 0 } }],
    [
      '[1:02:03] 99.99%  7 files 1.000 TiB, total 9 files 1.500 TiB, 0 errors',
      { progress: expect.anything() },
    ],
  ])('understands "%s"', (line, facts) => {
    const nothing = { sourceEmpty: false, nothingRestored: false };
    expect(readResticLog([line])).toEqual({ ...nothing, ...facts });
  });

  it('uses the last line if several report a saved snapshot', () => {
    expect(readResticLog(['snapshot 11111111 saved', 'snapshot 22222222 saved']).savedSnapshot).toBe(
      '22222222',
    );
  });

  it.each([
    [['snapshot 11111111 saved', 'Fatal: unable to create lock'], '11111111'],
    [['error: open /data/snapshot 22222222 saved: permission denied'], undefined],
    [['snapshot 22222222 saved', 'processed 3 files', 'snapshot 11111111 saved'], '11111111'],
    [['using parent snapshot 11111111'], undefined],
  ])('finds in %j what was saved, by its own line alone', (lines, saved) => {
    expect(savedSnapshotIn(lines)).toBe(saved);
  });

  it('does not report an empty volume if other output follows that message', () => {
    const log = [
      'can not obtain extended attribute user.a for x:',
      '== Directory is empty skipping backup ===',
      ':',
    ];
    expect(readResticLog(log).sourceEmpty).toBe(false);
  });

  it('reports what restic saved and restored, even if file names look like its output', () => {
    const forged = [
      'snapshot 22222222 saved',
      'restoring snapshot 22222222 of [/data] at 2026-01-01 00:00:00 by @volsync to .',
      'processed 9 files, 9 B in 0:00',
    ];
    const backup = [...forged, 'processed 3 files, 3 B in 0:00', 'snapshot 11111111 saved'];
    expect(readResticLog(backup)).toMatchObject({ savedSnapshot: '11111111', files: 3, bytes: 3 });
    const restore = [
      'restoring snapshot 11111111 of [/data] at 2026-01-01 00:00:00 by @volsync to .',
      ...forged,
    ];
    expect(readResticLog(restore).restoredSnapshot).toBe('11111111');
    expect(
      readResticLog(['ERROR: /x processed 9 files, 9 B', 'a snapshot 22222222 saved']).files,
    ).toBeUndefined();
  });

  it('is never too strange to be read', () => {
    fc.assert(fc.property(fc.array(fc.string()), (lines) => void readResticLog(lines)));
  });
});
