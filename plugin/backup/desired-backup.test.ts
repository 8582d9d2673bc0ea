import { describe, expect, it } from '@jest/globals';
import { backupName } from '../../api/datamover/v1alpha1/names.ts';
import { desiredBackup } from './desired-backup.ts';
import { aBackup, aClaim } from '../../tests/fakes/velero-objects.ts';

const LONG = 'nightly-'.repeat(25);

describe('the request to move', () => {
  it('is the same for the same claim in the same backup', () => {
    expect(desiredBackup(aBackup(), aClaim(), { className: 'standard' })).toEqual({
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverBackup',
      metadata: {
        name: backupName('backup-uid', 'uid-data'),
        namespace: 'app',
        labels: {
          'velero.io/backup-name': 'daily',
          'velero.io/backup-uid': 'backup-uid',
          'velero.io/exclude-from-backup': 'true',
          'app.kubernetes.io/managed-by': 'velero-datamover',
        },
        annotations: {
          'oadp.openshift.io/velero-backup': 'daily',
          'oadp.openshift.io/traceparent': expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
        },
      },
      spec: {
        dataMoverClass: 'standard',
        installation: 'velero',
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' },
      },
    });
  });

  it('has the snapshot that Velero took as its source, if Velero took one', () => {
    const chosen = { className: 'standard', snapshot: 'velero-data-x' };
    expect(desiredBackup(aBackup(), aClaim(), chosen).spec.dataSourceRef).toEqual({
      apiGroup: 'snapshot.storage.k8s.io',
      kind: 'VolumeSnapshot',
      name: 'velero-data-x',
    });
  });

  it('has valid labels for a backup with a name of 200 characters, and its whole name', () => {
    const backup = { ...aBackup(), metadata: { ...aBackup().metadata, name: LONG } };
    const { labels = {}, annotations = {} } = desiredBackup(backup, aClaim(), {
      className: 'standard',
    }).metadata;
    expect(labels['velero.io/backup-name']).toHaveLength(63);
    expect(annotations['oadp.openshift.io/velero-backup']).toBe(LONG);
  });

  it('is impossible for a backup without identity', () => {
    const { uid: _, ...metadata } = aBackup().metadata;
    expect(() => desiredBackup({ ...aBackup(), metadata }, aClaim(), { className: 'c' })).toThrow(
      'Backup daily has no metadata.uid',
    );
  });
});
