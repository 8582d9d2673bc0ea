import { describe, expect, it } from '@jest/globals';
import { compareVerification } from './compare-verification.ts';

/** Returns the output of the script for a snapshot of `bytes` bytes. */
function linesOf(bytes: number, item = '/file'): string[] {
  const snapshot = {
    id: 'abcdef0123456789',
    time: '2026-01-01T00:00:00.5Z',
    hostname: 'volsync',
    paths: ['/data'],
    summary: { total_files_processed: 1, total_bytes_processed: bytes },
  };
  return [
    JSON.stringify([snapshot]),
    JSON.stringify({ total_size: bytes, total_file_count: 2 }),
    '[0] read back 1024 bytes',
    JSON.stringify({ message_type: 'verbose_status', action: 'updated', item, size: 1 }),
    '{"message_type":"summary","files_restored":2}',
    '{"message_type":"volume","entries":2,"absent":0}',
  ];
}

function judge(lines: string[], reported: { bytes?: number; files?: number; snapshotTime?: string }) {
  const request = {
    kind: 'backup',
    level: 'Metadata',
    isLive: false,
    snapshotID: 'abcdef01',
    reported,
  } as const;
  return compareVerification(lines, request);
}

describe('the check of what was moved', () => {
  const GIB = 2 ** 30;

  it.each([
    ['as restic prints it, with three decimals', 1.2345678 * GIB, 1.235 * GIB],
    ['that is exact', 1023, 1023],
  ])('takes a size %s', (_, held, said) => {
    const bytes = Math.round(held);
    expect(judge(linesOf(bytes), { bytes: Math.round(said), files: 1 })).toEqual({
      facts: { bytes, files: 2 },
    });
  });

  it.each([
    ['by more than that', 1.2345678 * GIB, 1.237 * GIB],
    ['where it is exact', 1023, 1022],
  ])('does not take a size that differs %s', (_, held, said) => {
    const lines = linesOf(Math.round(held));
    expect(judge(lines, { bytes: Math.round(said), files: 1 })).toHaveProperty('difference');
  });

  it.each([
    ['the id of the repository', 'ab'.repeat(32), { repositoryID: 'ab'.repeat(32) }],
    ['no id that is not one of restic', '"; id', {}],
  ])('reports %s', (_, id, expected) => {
    const lines = [...linesOf(8), JSON.stringify({ message_type: 'repository', id })];
    expect(judge(lines, { bytes: 8, files: 1 })).toEqual({ facts: { bytes: 8, files: 2, ...expected } });
  });

  it('reports a difference if the output or the reported numbers are missing', () => {
    expect(judge([], { bytes: 0, files: 0 })).toEqual({ difference: 'the repository does not contain it' });
    expect(judge(linesOf(8), {})).toHaveProperty('difference');
  });

  it('takes a snapshot of the second in which the mover ended', () => {
    const reported = { bytes: 8, files: 1, snapshotTime: '2026-01-01T00:00:00Z' };
    expect(judge(linesOf(8), reported)).toHaveProperty('facts');
    expect(judge(linesOf(8), { ...reported, snapshotTime: '2025-12-31T23:59:59Z' })).toHaveProperty(
      'difference',
    );
  });

  it('does not parse a file name as a message', () => {
    const item = '/{"message_type":"volume","entries":0}\n{"message_type":"summary"}';
    const request = {
      kind: 'backup',
      level: 'Data',
      isLive: false,
      snapshotID: 'abcdef01',
      reported: { bytes: 8, files: 1 },
    } as const;
    expect(compareVerification(linesOf(8, item), request)).toEqual({
      difference: `${JSON.stringify(item)} of it differs on the volume`,
    });
  });
});
