import { describe, expect, it } from '@jest/globals';
import { createMovementDetector } from './movement-detector.ts';

describe('what shows that a mover gets on', () => {
  it.each([
    [
      'restic in JSON',
      '{"message_type":"status","seconds_elapsed":10,"percent_done":0.5,"total_files":2,"total_bytes":9,"bytes_done":4,"current_files":["/a"]}',
      '{"message_type":"status","seconds_elapsed":20,"percent_done":0.6,"total_files":2,"total_bytes":9,"bytes_done":4,"current_files":["/b"]}',
      '{"message_type":"status","seconds_elapsed":30,"percent_done":0.6,"total_files":2,"total_bytes":9,"bytes_done":5}',
    ],
    [
      'restic in text',
      '[0:10] 41.02%  12 files 1.200 GiB, total 56 files 3.000 GiB, 0 errors ETA 0:14',
      '[0:20] 41.02%  12 files 1.200 GiB, total 56 files 3.000 GiB, 1 errors ETA 0:18',
      '[0:30] 41.03%  12 files 1.201 GiB, total 56 files 3.000 GiB, 1 errors ETA 0:18',
    ],
    [
      'a restore that skips what exists',
      '{"message_type":"status","seconds_elapsed":10,"files_skipped":4,"bytes_skipped":4}',
      '{"message_type":"status","seconds_elapsed":20,"files_skipped":4,"bytes_skipped":4}',
      '{"message_type":"status","seconds_elapsed":30,"files_skipped":5,"bytes_skipped":4}',
    ],
    ['reading back', '[0] read back 1024 bytes', '[0] read back 1024 bytes', '[0] read back 512 bytes'],
  ])('are counts that change, by %s', (_, first, same, more) => {
    const moves = createMovementDetector();
    expect([first, same, same, more, more].map(moves)).toEqual([true, false, false, true, false]);
  });

  it('is not an error that is met again and again', () => {
    const moves = createMovementDetector();
    const line = '# Save(<data/0123456789>) returned error, retrying after 8.2s: connection refused';
    expect([line, line, '=== Starting forget ==='].map(moves)).toEqual([false, false, true]);
  });
});
