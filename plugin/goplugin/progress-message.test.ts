import { expect, it } from '@jest/globals';
import { toProgressMessage } from './progress-message.ts';

it('sets every field, to the millisecond', () => {
  const message = toProgressMessage({
    completed: false,
    error: '',
    bytesDone: 0,
    bytesTotal: 9_007_199_254_740_991,
    description: '',
    started: new Date('1969-12-31T23:59:59.250Z'),
    updated: new Date('2026-01-01T00:00:00.001Z'),
  });
  expect(message).toEqual({
    completed: false,
    err: '',
    nCompleted: 0,
    nTotal: 9_007_199_254_740_991,
    operationUnits: 'Bytes',
    description: '',
    started: { seconds: -1, nanos: 250_000_000 },
    updated: { seconds: 1_767_225_600, nanos: 1_000_000 },
  });
});
