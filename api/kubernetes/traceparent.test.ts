import { describe, expect, it } from '@jest/globals';
import { formatTraceParent, parseTraceParent, traceParentOf } from './traceparent.ts';

describe('a traceparent', () => {
  it('is the same for the same work, and shares its trace with other work of one origin', () => {
    const one = traceParentOf('backup-uid', 'dmb-1');
    expect(traceParentOf('backup-uid', 'dmb-1')).toEqual(one);
    const other = traceParentOf('backup-uid', 'dmb-2');
    expect(other.traceID).toBe(one.traceID);
    expect(other.spanID).not.toBe(one.spanID);
    expect(traceParentOf('another-uid', 'dmb-1').traceID).not.toBe(one.traceID);
  });

  it('is read as it is written', () => {
    const parent = traceParentOf('backup-uid', 'dmb-1');
    const text = formatTraceParent(parent);
    expect(text).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(parseTraceParent(text)).toEqual(parent);
  });

  it.each([
    undefined,
    '',
    'yes',
    `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
    `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
    `00-${'1'.repeat(31)}-${'1'.repeat(16)}-01`,
    `00-${'G'.repeat(32)}-${'1'.repeat(16)}-01`,
  ])('is none: %s', (text) => {
    expect(parseTraceParent(text)).toBeUndefined();
  });
});
