import { describe, expect, it } from '@jest/globals';
import { readMessages } from './transfer-messages.ts';

const progressOf = (counts: object) =>
  readMessages([JSON.stringify({ message_type: 'status', ...counts })]).progress;

describe('the progress of a restore', () => {
  it('is what restic has written', () => {
    const counts = { total_files: 4, files_restored: 1, total_bytes: 9, bytes_restored: 3 };
    expect(progressOf(counts)).toEqual({ filesDone: 1, totalFiles: 4, bytesDone: 3, totalBytes: 9 });
  });

  it('includes what it skips because it exists', () => {
    const counts = { total_files: 1, files_restored: 1, files_skipped: 3, bytes_skipped: 9 };
    expect(progressOf(counts)).toEqual({ filesDone: 4, totalFiles: 4, bytesDone: 9, totalBytes: 9 });
  });

  it('has no numbers that restic does not print', () => {
    expect(progressOf({})).toEqual({ bytesDone: 0 });
  });
});
