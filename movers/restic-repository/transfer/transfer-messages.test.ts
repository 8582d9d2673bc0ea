import { describe, expect, it } from '@jest/globals';
import { readMessages } from './transfer-messages.ts';

const line = (type: string, counts: object) => JSON.stringify({ message_type: type, ...counts });
const progressOf = (counts: object) => readMessages([line('status', counts)]).progress;

describe('the progress of a restore', () => {
  it('is what restic has written', () => {
    const counts = { total_files: 4, files_restored: 1, total_bytes: 9, bytes_restored: 3 };
    expect(progressOf(counts)).toEqual({ filesDone: 1, totalFiles: 4, bytesDone: 3, totalBytes: 9 });
  });

  it('includes what it skips because it exists', () => {
    const counts = { total_files: 1, files_restored: 1, files_skipped: 3, bytes_skipped: 9 };
    expect(progressOf(counts)).toEqual({ filesDone: 4, totalFiles: 4, bytesDone: 9, totalBytes: 9 });
  });

  it('is complete at the end of the first pass, and a second pass over the same files does not change it', () => {
    const half = line('status', { total_files: 2, files_restored: 1, total_bytes: 9, bytes_restored: 4 });
    const whole = line('summary', { total_files: 2, files_restored: 2, total_bytes: 9, bytes_restored: 9 });
    const again = line('status', { total_files: 1, files_skipped: 1, total_bytes: 5, bytes_skipped: 4 });
    const done = { filesDone: 2, totalFiles: 2, bytesDone: 9, totalBytes: 9 };
    expect(readMessages([half]).progress).toMatchObject({ bytesDone: 4 });
    expect(readMessages([half, whole]).progress).toEqual(done);
    expect(readMessages([half, whole, again]).progress).toEqual(done);
  });

  it('has no numbers that restic does not print', () => {
    expect(progressOf({})).toEqual({ bytesDone: 0 });
  });
});

describe('the progress of a backup', () => {
  it('is that of the last status line, because the summary has no such counts', () => {
    const half = line('status', { total_bytes: 9, bytes_done: 4 });
    const whole = line('summary', { total_bytes_processed: 9, snapshot_id: 'f'.repeat(64) });
    expect(readMessages([half, whole]).progress).toEqual({ bytesDone: 4, totalBytes: 9 });
  });
});
