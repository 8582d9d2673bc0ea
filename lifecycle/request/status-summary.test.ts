import { describe, expect, it } from '@jest/globals';
import type { AnyRequestType, RequestResource } from './request-type.ts';
import type { RequestStatus } from '../request-status.ts';
import { checkpoint, failed, waiting, type StepResult } from './step.ts';
import { summarise } from './status-summary.ts';

type Request = RequestResource;

const now = new Date('2026-03-01T02:00:00Z');
const request: Request = {
  apiVersion: 'v1',
  kind: 'Request',
  metadata: { name: 'one', generation: 3 },
};

interface Moved extends RequestStatus {
  result?: string;
}

/** A request type with one step. The request has succeeded if the status has a result. */
const type = {
  succeeded: ({ result }: Moved) => result !== undefined,
  phase: () => 'Moving',
  facts: ({ result }: Moved) => [['Moved', result !== undefined]],
  successMessage: () => 'all is well',
} as unknown as AnyRequestType;

function summaryOf(facts: Moved, result: StepResult, left?: string[]): RequestStatus {
  const status = structuredClone(facts);
  const over = left === undefined ? {} : { over: { left } };
  summarise(type, { request, status, now }, { pass: { step: 'move', result }, ...over });
  return status;
}

describe('the summary of a request', () => {
  it('reports what the request waits for', () => {
    const status = summaryOf({}, waiting('waiting for the pod'));
    expect(status).toMatchObject({ phase: 'Moving', message: 'waiting for the pod', observedGeneration: 3 });
    expect(status.conditions).toMatchObject([
      { type: 'Moved', status: 'False', reason: 'Moving', message: 'waiting for the pod' },
      { type: 'Ready', status: 'False' },
    ]);
  });

  it('drops the words of the step before when a new one has none yet', () => {
    expect(summaryOf({ message: 'taking a snapshot' }, checkpoint).message).toBeUndefined();
  });

  it('is cleaning up, not completed, until nothing is left', () => {
    expect(summaryOf({ result: 'r' }, waiting('waiting for the claim to go')).phase).toBe('CleaningUp');
    const status = summaryOf({ result: 'r' }, { state: 'done' }, []);
    expect(status).toMatchObject({
      phase: 'Completed',
      message: 'all is well',
      completionTimestamp: now.toISOString(),
    });
  });

  const queue = { ahead: 3, reason: 'one is using the same repository' };

  it.each([
    ['fails', { failure: { reason: 'Canceled', message: 'canceled by spec.cancel' } }, 'CleaningUp'],
    ['moves on', {}, 'Moving'],
  ])('has no queue position and no next retry if the request %s', (_, facts, phase) => {
    const retryAt = '2026-03-01T03:00:00Z';
    const status = summaryOf({ ...facts, queue, ...('failure' in facts && { retryAt }) }, checkpoint);
    expect(status.phase).toBe(phase);
    expect(status).not.toHaveProperty('queue');
    expect(status).not.toHaveProperty('retryAt');
  });

  it('names what it had to leave behind, and is over all the same', () => {
    const status = summaryOf({ result: 'r' }, waiting('again later'), ['PersistentVolume pv-1']);
    expect(status).toMatchObject({ phase: 'Completed', message: 'all is well' });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'CleanedUp',
        status: 'False',
        reason: 'LeftBehind',
        message: 'PersistentVolume pv-1',
      }),
    );
  });

  it('keeps the reason of a failure in phase, message and conditions', () => {
    const failure = { reason: 'NoSpace', message: 'a volume is full' };
    const status = summaryOf({ failure }, failed('NoSpace', 'a volume is full'), []);
    expect(status).toMatchObject({ phase: 'Failed', message: 'a volume is full' });
    expect(status.conditions?.[0]).toMatchObject({ type: 'Moved', status: 'False', reason: 'NoSpace' });
    expect(summaryOf({ failure: { reason: 'Canceled', message: '' } }, checkpoint, []).phase).toBe(
      'Canceled',
    );
  });
});
