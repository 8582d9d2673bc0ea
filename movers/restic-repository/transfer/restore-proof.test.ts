import { describe, expect, it } from '@jest/globals';
import { provesRestore, restoredIn } from './restore-proof.ts';
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

  it('counts what was restored, not the total, if there is no error', () => {
    expect(restored({ total_files: 6, files_restored: 5 })).toEqual({ files: 5, bytes: 0 });
  });

  it('includes what exists already', () => {
    const summary = { total_files: 1, files_restored: 1, files_skipped: 3, bytes_skipped: 9 };
    expect(restored(summary)).toEqual({ files: 4, bytes: 9 });
  });

  it('is unknown if restic has printed no summary', () => {
    expect(restoredIn(readMessages([]))).toBeUndefined();
  });
});

describe('a restore with errors', () => {
  const complete = { total_files: 6, files_restored: 5, total_bytes: 9, bytes_restored: 9 };
  const summary = (of: object) => JSON.stringify({ message_type: 'summary', ...of });
  const error = (kind: string, count = 1) => JSON.stringify({ message_type: 'errors', kind, count });
  const ended = (count: number) =>
    `# ${JSON.stringify({ message_type: 'exit_error', message: `Fatal: There were ${String(count)} errors` })}`;
  const asUser = JSON.stringify({ message_type: 'attributes', set: 'ordinary' });

  it.each(['owners', 'extended attributes', 'devices', 'modes'])(
    'is proved if all contents are restored and only %s are not',
    (kind) => {
      expect(provesRestore([summary(complete), ended(1), error(kind)])).toBe(true);
    },
  );

  it.each([
    ['an error of another kind', [summary(complete), ended(1), error('other')]],
    ['fewer errors than restic has counted', [summary(complete), ended(2), error('devices')]],
    ['no count of the errors', [summary(complete), error('devices')]],
    ['missing bytes', [summary({ ...complete, bytes_restored: 8 }), ended(1), error('devices')]],
    [
      'bytes that are missing after the first of two passes',
      [
        summary({ ...complete, bytes_restored: 8 }),
        summary({ total_files: 1, files_skipped: 5, bytes_skipped: 9 }),
        ended(1),
        error('devices'),
      ],
    ],
    [
      'entries without an error that are missing',
      [summary({ ...complete, files_restored: 4 }), ended(1), error('devices')],
    ],
    ['a mode that an ordinary user may not set', [asUser, summary(complete), ended(1), error('modes')]],
  ])('is not proved by %s', (_, lines) => {
    expect(provesRestore(lines)).toBe(false);
  });
});
