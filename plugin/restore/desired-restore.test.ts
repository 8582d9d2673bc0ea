import { describe, expect, it } from '@jest/globals';
import { restoreName } from '../../api/datamover/v1alpha1/names.ts';
import { shortHash } from '../../api/kubernetes/names.ts';
import { desiredRestore } from './desired-restore.ts';
import { aRestore } from '../../tests/fakes/velero-objects.ts';

describe('the request to bring back', () => {
  const details = { movedBy: 'app/dmb-1' };

  it('names its target and its restore, and no source yet', () => {
    expect(desiredRestore(aRestore(), { namespace: 'new', name: 'data' }, details)).toEqual({
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverRestore',
      metadata: {
        name: restoreName('restore-uid', 'new', 'data'),
        namespace: 'new',
        labels: {
          'velero.io/restore-name': 'again',
          'velero.io/restore-uid': 'restore-uid',
          'oadp.openshift.io/data-mover-backup': shortHash('app/dmb-1'),
          'velero.io/backup-name': 'daily',
          'app.kubernetes.io/managed-by': 'velero-datamover',
          'velero.io/exclude-from-backup': 'true',
        },
        annotations: {
          'oadp.openshift.io/velero-restore': 'again',
          'oadp.openshift.io/data-mover-backup': 'app/dmb-1',
          'oadp.openshift.io/traceparent': expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
        },
      },
      spec: { installation: 'velero', destinationClaimRef: { name: 'data', namespace: 'new' } },
    });
  });

  it('has valid labels for names of 200 characters, and the whole names beside them', () => {
    const long = 'b'.repeat(200);
    const restore = aRestore({ backupName: long });
    restore.metadata.name = long;
    const { labels = {}, annotations } = desiredRestore(
      restore,
      { namespace: 'a', name: 'd' },
      details,
    ).metadata;
    for (const value of Object.values(labels)) expect(value.length).toBeLessThanOrEqual(63);
    expect(annotations).toMatchObject({ 'oadp.openshift.io/velero-restore': long });
  });

  it('has a valid label for its record even if the stored claim names an invalid one', () => {
    const target = { namespace: 'a', name: 'd' };
    for (const movedBy of ['app/..', `app/${'b'.repeat(300)}`, 'app/a,b=c', 'app/\u0000'])
      expect(desiredRestore(aRestore(), target, { movedBy }).metadata.labels).toMatchObject({
        'oadp.openshift.io/data-mover-backup': expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
      });
  });

  it('is another one for each restore of one backup', () => {
    const again = aRestore();
    again.metadata.uid = 'another-uid';
    const target = { namespace: 'a', name: 'data' };
    const names = [aRestore(), again].map(
      (restore) => desiredRestore(restore, target, details).metadata.name,
    );
    expect(new Set(names).size).toBe(2);
  });

  it('is another one for each target', () => {
    const targets = [
      { namespace: 'a', name: 'data' },
      { namespace: 'b', name: 'data' },
      { namespace: 'a', name: 'log' },
    ];
    const names = targets.map((target) => desiredRestore(aRestore(), target, details).metadata.name);
    expect(new Set(names).size).toBe(3);
  });
});
