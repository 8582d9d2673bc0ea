import { describe, expect, it } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../../../api/kubernetes/core.ts';
import { describeVolume } from './volume-record.ts';

const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' }, spec: {} };

function claim(requested: string, provided: string | undefined): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'app', name: 'data' },
    spec: { resources: { requests: { storage: requested } } },
    status: { phase: 'Bound', ...(provided !== undefined && { capacity: { storage: provided } }) },
  };
}

describe('the recorded size', () => {
  it.each([
    ['what was asked for', '5Gi', '5Gi', '1Gi', '5Gi'],
    ['what the driver provided beyond that', '5Gi', '6Gi', '1Gi', '6Gi'],
    ['what the snapshot needs beyond that', '5Gi', '6Gi', '7516192768', '7516192768'],
    ['what is asked for by an expansion that is not through', '8Gi', '6Gi', '7Gi', '8Gi'],
    ['all that is known', '5Gi', undefined, undefined, '5Gi'],
  ])('is %s', (_, requested, provided, restoreSize, recorded) => {
    const record = describeVolume(claim(requested, provided), volume, restoreSize);
    expect(record.capacity).toBe(recorded);
  });
});
