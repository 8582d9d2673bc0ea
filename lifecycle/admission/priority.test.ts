import { describe, expect, it } from '@jest/globals';
import { priorityOf } from './priority.ts';

describe('the order in which due requests are reconciled', () => {
  it('is running, then finishing, then waiting, then finished', () => {
    const order = [
      ['Moving', 'Staging', 'HandingOver', 'Verifying', 'Capturing', 'Pending', undefined],
      ['CleaningUp'],
      ['Queued', 'Retrying', 'Waiting'],
      ['Completed', 'Failed', 'Canceled'],
    ];
    for (const [priority, phases] of order.entries())
      for (const phase of phases) expect([phase, priorityOf(phase, false)]).toEqual([phase, priority]);
  });

  it('puts a request first that waited and has a place now', () => {
    expect(priorityOf('Queued', true)).toBe(0);
  });
});
