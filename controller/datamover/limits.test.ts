import { describe, expect, it } from '@jest/globals';
import { REQUEST_KINDS } from './kinds.ts';
import { boundsBy } from './limits.ts';

const limits = {
  backups: 1,
  restores: 2,
  deletes: 3,
  prunes: 4,
  backupsPerNode: 5,
  restoresPerNode: 6,
};

describe('the limits of a class', () => {
  const { perPool: perClass, perNode } = boundsBy(
    (name) => (name === 'gold' ? limits : undefined),
    REQUEST_KINDS,
  );

  it.each([
    ['backup', 1, 5],
    ['restore', 2, 6],
    ['delete', 3, Infinity],
    ['prune', 4, Infinity],
  ])('allow this many requests of kind %s: %d per class, %d per node', (kind, ofClass, ofNode) => {
    expect([perClass('gold', kind), perNode('gold', kind)]).toEqual([ofClass, ofNode]);
  });

  it.each(['backup', 'prune'])('allow no request of kind %s if the class does not exist', (kind) => {
    expect([perClass('gone', kind), perNode('gone', kind)]).toEqual([0, 0]);
  });
});
