import { describe, expect, it } from '@jest/globals';
import { readPruned } from './parse-prune-output.ts';

/** Output of restic 0.18 for a repository with two snapshots. */
const OUTPUT = `loading indexes...
loading all snapshots...
finding data that is still in use for 2 snapshots
searching used packs...
collecting packs for deletion and repacking

to repack:            14 blobs / 1.000 MiB
this removes:          3 blobs / 512.000 KiB
to delete:             5 blobs / 2.000 MiB
total prune:           8 blobs / 2.500 MiB
remaining:           120 blobs / 1.250 GiB
unused size after prune: 10.000 MiB (0.78% of remaining size)

done`.split('\n');

describe('the result of a prune', () => {
  it('contains the number of snapshots, the freed bytes and the remaining bytes', () => {
    expect(readPruned(OUTPUT)).toEqual({
      snapshots: 2,
      freedBytes: 2.5 * 2 ** 20,
      remainingBytes: 1.25 * 2 ** 30,
    });
  });

  it('is that of the last run if a pod ran restic twice', () => {
    const again = OUTPUT.map((line) => line.replace('for 2', 'for 1').replace('2.500', '0.500'));
    expect(readPruned([...OUTPUT, ...again])).toMatchObject({ snapshots: 1, freedBytes: 2 ** 19 });
  });

  it('contains only what restic has printed', () => {
    expect(readPruned(OUTPUT.slice(0, 3))).toEqual({ snapshots: 2 });
    expect(readPruned(OUTPUT.slice(3, 9))).toEqual({});
    expect(readPruned([])).toEqual({});
  });

  it.each([
    '# total prune: 8 blobs / 2.500 MiB',
    'file named total prune: 8 blobs / 2.500 MiB',
    'remaining: many blobs / 2.500 MiB',
  ])('ignores a line of another form: %s', (line) => {
    expect(readPruned([line])).toEqual({});
  });
});
