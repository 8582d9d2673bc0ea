import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { repositorySettings } from '../config.ts';
import { forgetTask, pruneTask } from './maintenance-tasks.ts';

const schema = z.object(repositorySettings);
const config = schema.parse({});

describe('removing a snapshot', () => {
  it('names that snapshot alone, and does not prune', () => {
    expect(forgetTask({ config, snapshotID: 'abcdef01' }).args).toEqual(['', 'forget', '--', 'abcdef01']);
    // For a full id, restic does not check that the snapshot exists.
    const { args } = forgetTask({ config, snapshotID: 'ab'.repeat(32) });
    expect(args).toEqual(['', 'forget', '--', 'ab'.repeat(16)]);
  });

  it('happens in the recorded repository only', () => {
    const repositoryID = 'c0'.repeat(32);
    const { args } = forgetTask({ config, snapshotID: 'abcdef01', repositoryID });
    expect(args).toEqual([repositoryID, 'forget', '--', 'abcdef01']);
  });

  it.each([
    ['was not there any more', ['Ignoring "deadbeef": no matching ID found for prefix "deadbeef"'], true],
    ['was there', ['removed snapshot/abcdef01'], false],
  ])('reports that it %s', (_, lines, alreadyGone) => {
    expect(forgetTask({ config, snapshotID: 'abcdef01' }).read(lines)).toEqual({ alreadyGone });
  });
});

describe('pruning', () => {
  const { args, read } = pruneTask({
    config: schema.parse({ pruneMaxUnused: '10%', pruneMaxRepackSize: '5G' }),
    repositoryID: 'c0',
  });

  it('is bounded as the class configures it', () => {
    expect(args).toEqual(['c0', 'prune', '--max-unused', '10%', '--max-repack-size', '5G']);
  });

  it('reports how many bytes it freed and how many remain', () => {
    const lines = [
      'to repack:             0 blobs / 0 B',
      'this removes:          0 blobs / 0 B',
      'to delete:            12 blobs / 3.814 MiB',
      'total prune:          12 blobs / 3.814 MiB',
      'remaining:             4 blobs / 2.000 KiB',
      'unused size after prune: 0 B (0.00% of remaining size)',
    ];
    expect(read(lines)).toEqual({ freedBytes: Math.round(3.814 * 2 ** 20), remainingBytes: 2048 });
    expect(read([])).toEqual({});
  });

  it.each([0, 1, 10])('reports the number of snapshots: %i', (count) => {
    const line = `finding data that is still in use for ${String(count)} snapshots`;
    expect(read(['loading all snapshots...', line, '[0:00]          0 snapshots'])).toEqual({
      snapshots: count,
    });
  });

  it.each(['1 G', '-1', '5%%', 'all; rm', ''])('cannot be bounded by "%s"', (bound) => {
    expect(schema.safeParse({ pruneMaxUnused: bound }).success).toBe(false);
    expect(schema.safeParse({ pruneMaxRepackSize: bound }).success).toBe(false);
  });
});
