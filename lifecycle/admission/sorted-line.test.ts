import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLine } from './sorted-line.ts';

const byNumber = (a: number, b: number): number => a - b;

describe('a line', () => {
  it('stays sorted after any additions and removals, and returns the rank of each item', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ item: fc.nat(20), comes: fc.boolean() })), (changes) => {
        const line = createLine(byNumber);
        const model = new Set<number>();
        for (const { item, comes } of changes) {
          if (comes) model.add(item);
          else model.delete(item);
          if (comes) line.add(item);
          else line.remove(item);
        }
        const sorted = [...model].sort(byNumber);
        expect(line.first(100)).toEqual(sorted);
        expect(line.size).toBe(sorted.length);
        expect(line.head).toBe(sorted[0]);
        expect(sorted.map((item) => line.rankOf(item))).toEqual([...sorted.keys()]);
      }),
    );
  });
});
