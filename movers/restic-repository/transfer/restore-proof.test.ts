import { describe, expect, it } from '@jest/globals';
import { restoredIn } from './restore-proof.ts';
import { readMessages } from './transfer-messages.ts';

const restored = (summary: object, ...errors: { kind: string; count: number }[]) =>
  restoredIn(
    readMessages([
      JSON.stringify({ message_type: 'summary', ...summary }),
      ...errors.map((error) => JSON.stringify({ message_type: 'errors', ...error })),
    ]),
  );

describe('what a restore has restored', () => {
  it('includes a folder whose attributes are refused', () => {
    const summary = { total_files: 6, files_restored: 5, total_bytes: 9, bytes_restored: 9 };
    expect(restored(summary, { kind: 'extended attributes', count: 1 })).toEqual({ files: 6, bytes: 9 });
  });

  it('does not include a device that is refused', () => {
    const summary = { total_files: 6, files_restored: 4, total_bytes: 9, bytes_restored: 9 };
    expect(restored(summary, { kind: 'devices', count: 2 })).toEqual({ files: 4, bytes: 9 });
  });

  it('includes what exists already', () => {
    const summary = { total_files: 1, files_restored: 1, files_skipped: 3, bytes_skipped: 9 };
    expect(restored(summary)).toEqual({ files: 4, bytes: 9 });
  });

  it('is unknown if restic has printed no summary', () => {
    expect(restoredIn(readMessages([]))).toBeUndefined();
  });
});
