import { describe, expect, it } from '@jest/globals';
import { claimNameOf } from './claim-name.ts';
import { restoreSourceOf } from './restore-source.ts';
import { aRecord } from '../../../tests/fakes/velero-objects.ts';

const result = { mover: 'VolSync', repository: 'c/app/data', snapshotID: 'abc' };
const volume = {
  pvcName: 'data',
  namespace: 'app',
  accessModes: ['ReadWriteOnce'],
  volumeMode: 'Filesystem',
  capacity: '1Gi',
} as const;

describe('the source of a restore', () => {
  it('has the class, result and volume of the record', () => {
    const record = aRecord({ dataMoverClass: 'fast', volume: { ...volume, accessModes: ['ReadWriteOnce'] } });
    expect(restoreSourceOf(record)).toEqual({
      backupName: 'dmb-1',
      backupNamespace: 'app',
      dataMoverClass: 'fast',
      result,
      volume,
    });
  });

  it('names the requested class if no class served the backup', () => {
    expect(restoreSourceOf(aRecord())).toMatchObject({ dataMoverClass: 'standard' });
  });

  it.each([
    [
      'its own failure',
      { phase: 'Failed', failure: { reason: 'NoSpace', message: 'full' } },
      'NoSpace',
      /^full$/,
    ],
    [
      'that it was canceled',
      { phase: 'Canceled' },
      'BackupNotCompleted',
      /dmb-1 was Canceled when the Velero backup ended/,
    ],
    ['that it was still moving', { phase: 'Moving' }, 'BackupNotCompleted', /dmb-1 was Moving/],
    ['that it had not begun', { phase: undefined }, 'BackupNotCompleted', /dmb-1 had not begun/],
  ])('from a backup that is not completed reports %s', (_, status, reason, message) => {
    const source = restoreSourceOf(aRecord({ ...status, result } as object));
    expect(source).not.toHaveProperty('result');
    expect(source.failure).toEqual({ reason, message: expect.stringMatching(message) });
  });
});

describe('the claim of a record', () => {
  it('is that of the volume, else of the source', () => {
    expect(claimNameOf(aRecord({ volume: { ...volume, accessModes: [], pvcName: 'other' } }))).toBe('other');
    expect(claimNameOf(aRecord())).toBe('data');
  });

  it('is unknown for a VolumeSnapshot that was never read', () => {
    const record = aRecord();
    record.spec.dataSourceRef = { kind: 'VolumeSnapshot', name: 'velero-data-x' };
    expect(claimNameOf(record)).toBeUndefined();
  });
});
