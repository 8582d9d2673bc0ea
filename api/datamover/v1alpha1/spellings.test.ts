import { describe, expect, it } from '@jest/globals';
import type { DataMoverBackup } from './data-mover-backup.ts';
import type { DataMoverRestore } from './data-mover-restore.ts';
import { readBackup, readRestore } from './spellings.ts';

const head = { apiVersion: 'oadp.openshift.io/v1alpha1', metadata: { name: 'one', namespace: 'app' } };

function backup(kind: string): DataMoverBackup {
  const spec = { dataSourceRef: { kind, name: 'data' }, cancel: false };
  return { ...head, kind: 'DataMoverBackup', spec } as DataMoverBackup;
}

function restore(spec: Record<string, unknown>): DataMoverRestore {
  const destinationClaimRef = { name: 'data' };
  return { ...head, kind: 'DataMoverRestore', spec: { destinationClaimRef, ...spec } };
}

describe('the spellings of the published design', () => {
  it('of the kind of a source become the one that the code knows', () => {
    expect(readBackup(backup('PVC'))).toEqual(backup('PersistentVolumeClaim'));
  });

  it('of the class of a restore become the one that the code knows', () => {
    expect(readRestore(restore({ DataMoverClass: 'gold' }))).toEqual(restore({ dataMoverClass: 'gold' }));
  });

  it('leave alone what has none of them', () => {
    for (const kind of ['PersistentVolumeClaim', 'VolumeSnapshot']) {
      const written = backup(kind);
      expect(readBackup(written)).toBe(written);
    }
    const written = restore({ dataMoverClass: 'gold' });
    expect(readRestore(written)).toBe(written);
  });
});
