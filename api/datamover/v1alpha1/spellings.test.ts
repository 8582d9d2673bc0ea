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
  it('of the kind of a source become the present one', () => {
    expect(readBackup(backup('PVC'))).toEqual(backup('PersistentVolumeClaim'));
  });

  it('of the class of a restore become the present one', () => {
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

/** Objects as versions before the renames wrote them; typed loosely on purpose. */
describe('the former names of a status', () => {
  const saved = { mover: 'VolSync', repository: 'c1/app/data', snapshotID: '11111111' };

  function withStatus(status: Record<string, unknown>): DataMoverBackup {
    return { ...backup('VolumeSnapshot'), status };
  }

  it('become the present ones', () => {
    const written = withStatus({ phase: 'Verifying', saved, strays: ['22222222'] });
    expect(readBackup(written)).toEqual(
      withStatus({ phase: 'Verifying', unverifiedResult: saved, orphanedSnapshots: ['22222222'] }),
    );
    expect(written.status).toHaveProperty('saved');
  });

  it('replace the present ones, which are older, and no snapshot is lost', () => {
    const other = { ...saved, snapshotID: '33333333' };
    const written = withStatus({
      unverifiedResult: other,
      saved,
      orphanedSnapshots: ['22222222'],
      strays: ['44444444', '22222222'],
    });
    expect(readBackup(written)).toEqual(
      withStatus({
        unverifiedResult: saved,
        orphanedSnapshots: ['44444444', '22222222', '33333333'],
      }),
    );
  });

  it('never exceed the number of snapshots that the schema allows', () => {
    const many = (prefix: string) =>
      Array.from({ length: 40 }, (_, index) => `${prefix}${String(100_000 + index)}`);
    const written = withStatus({ strays: many('aa'), orphanedSnapshots: many('bb') });
    expect(readBackup(written).status?.orphanedSnapshots).toHaveLength(64);
  });

  it('are replaced together with the kind of the source', () => {
    const written = { ...backup('PVC'), status: { strays: ['22222222'] } } as DataMoverBackup;
    expect(readBackup(written)).toEqual({
      ...backup('PersistentVolumeClaim'),
      status: { orphanedSnapshots: ['22222222'] },
    });
  });

  it('become the present outcome of a replaced volume', () => {
    const replaces = { persistentVolume: 'pv-1', reclaimPolicy: 'Delete' };
    const written = (outcome: string) =>
      ({ ...restore({}), status: { replaces: { ...replaces, outcome } } }) as DataMoverRestore;
    expect(readRestore(written('PutBack'))).toEqual(written('RolledBack'));
    const kept = written('Kept');
    expect(readRestore(kept)).toBe(kept);
  });
});
