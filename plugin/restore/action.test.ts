import { describe, expect, it } from '@jest/globals';
import {
  configMaps,
  persistentVolumeClaims,
  type ConfigMap,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { restoreName } from '../../api/datamover/v1alpha1/names.ts';
import { desiredRestore } from './desired-restore.ts';
import { aClaim, aContent, aRecord, aRestore, aSnapshot, aVolume } from '../../tests/fakes/velero-objects.ts';
import { MOVED, TIME, dmr, turnedOn, setUp, parsed } from '../../tests/fakes/restore-action.ts';

describe('a claim', () => {
  it('that was not moved is not changed, without a call', async () => {
    const { restore, kube } = setUp();
    expect(await restore(aClaim())).toEqual({});
    expect(kube.calls).toEqual([]);
  });

  describe('that waited for its data during the backup', () => {
    const waiting = (): PersistentVolumeClaim => {
      const { spec, status: _, ...rest } = aClaim('data', { labels: { [labels.restoredBy]: 'dmr-earlier' } });
      const { volumeName: __, ...unbound } = spec;
      return {
        ...rest,
        spec: { ...unbound, selector: { matchLabels: { [labels.restoredBy]: 'dmr-earlier' } } },
      };
    };

    it.each(['true', 'false'])('fails, as nothing would ever fill it (mover on: %s)', async (enable) => {
      await expect(setUp(enable).restore(waiting())).rejects.toThrow(
        /PersistentVolumeClaim app\/data waited for DataMoverRestore app\/dmr-earlier when the backup was made.*restore it from/,
      );
    });

    it('comes back empty in a restore without volumes', async () => {
      const { item } = await setUp().restore(waiting(), aRestore({ restorePVs: false }));
      expect(parsed(item)).not.toHaveProperty('spec.selector');
      expect(parsed(item).metadata.labels ?? {}).toEqual({});
    });

    it('is not changed if it already exists', async () => {
      const { restore, kube } = setUp();
      kube.seed(persistentVolumeClaims, aClaim());
      expect(await restore(waiting())).toEqual({});
    });

    it('is not changed if it was already bound', async () => {
      const { restore, kube } = setUp();
      const bound = aClaim('data', { labels: { [labels.restoredBy]: 'dmr-earlier' } });
      expect(await restore(bound)).toEqual({});
      expect(kube.calls).toEqual([]);
    });
  });

  it.each([
    ['carries its mark', aClaim('data', MOVED), aClaim('data', MOVED)],
    ['lost its mark to another action', aClaim(), aClaim('data', MOVED)],
  ])('that was moved and %s waits for its data', async (_, item, fromBackup) => {
    const { restore, kube } = setUp();
    const output = await restore(item, aRestore(), fromBackup);
    const { selector, volumeName } = parsed(output.item).spec;
    expect(selector).toEqual({ matchLabels: { [labels.restoredBy]: dmr } });
    expect(volumeName).toBeUndefined();
    expect(output).toMatchObject({
      operationID: `app/${dmr}`,
      additionalItems: [
        { group: 'oadp.openshift.io', resource: 'datamoverbackups', namespace: 'app', name: 'dmb-1' },
      ],
    });
    expect(kube.peekAll(dataMoverRestores).map(({ metadata }) => metadata.name)).toEqual([dmr]);
  });

  it('keeps its other annotations, and loses what ties it to its old volume', async () => {
    const { restore } = setUp();
    const item = aClaim('data', {
      annotations: {
        ...MOVED.annotations,
        keep: 'this',
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
        'volume.kubernetes.io/selected-node': 'gone',
        'volume.kubernetes.io/storage-provisioner': 'csi',
      },
    });
    const output = await restore(item);
    expect(JSON.parse(String(output.item))).toMatchObject({ metadata: { annotations: { keep: 'this' } } });
    expect(Object.keys(parsed(output.item).metadata.annotations ?? {})).toEqual(['keep']);
  });

  it('of a restore without volumes comes back empty', async () => {
    const { restore, kube } = setUp();
    const output = await restore(aClaim('data', MOVED), aRestore({ restorePVs: false }));
    const { metadata, spec } = parsed(output.item);
    expect(metadata.annotations).toBeUndefined();
    expect(spec).toEqual({ accessModes: ['ReadWriteOnce'] });
    expect(output).not.toHaveProperty('operationID');
    expect(kube.writeCalls()).toEqual([]);
  });

  it('fails if the mover is off, and the error names the setting', async () => {
    const { restore, kube } = setUp('false');
    await expect(restore(aClaim('data', MOVED))).rejects.toThrow(
      /PersistentVolumeClaim app\/data is in DataMoverBackup app\/dmb-1, and the data mover is off in namespace velero \(data.enable of ConfigMap velero\/on\)/,
    );
    expect(kube.writeCalls()).toEqual([]);
  });

  it('that already exists is not changed, even in a mapped namespace', async () => {
    const { restore, kube, lines } = setUp();
    const mapped = aRestore({ namespaceMapping: { app: 'new' } });
    const there = aClaim();
    kube.seed(persistentVolumeClaims, { ...there, metadata: { ...there.metadata, namespace: 'new' } });
    const output = await restore(aClaim('data', MOVED), mapped);
    expect(output).toEqual({ item: expect.anything() });
    expect(parsed(output.item)).toEqual(aClaim());
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/new\/data already exists: .* delete it .* restore again$/),
    });
    expect(kube.writeCalls()).toEqual([]);
  });

  describe('under a policy for existing claims', () => {
    const overwriting = (how = 'Overwrite', existingResourcePolicy = 'update') => {
      const restore = aRestore({ existingResourcePolicy });
      restore.metadata.annotations = { [annotations.existingClaimPolicy]: how };
      return restore;
    };
    const there = aClaim();
    const standing = { ...there, spec: { ...there.spec, volumeName: 'pv-of-now', storageClassName: 'now' } };

    it('gets a request to overwrite it if it exists, and is not changed for Velero', async () => {
      const { restore, kube } = setUp();
      kube.seed(persistentVolumeClaims, standing);
      const output = await restore(aClaim('data', MOVED), overwriting());
      expect(kube.peekAll(dataMoverRestores)[0]?.spec).toMatchObject({ existingClaimPolicy: 'Overwrite' });
      expect(output).toMatchObject({ operationID: `app/${dmr}`, additionalItems: [{ name: 'dmb-1' }] });
      const { metadata, spec } = parsed(output.item);
      expect(spec).toEqual(standing.spec);
      expect(metadata.annotations).toBeUndefined();
      expect(metadata.labels).toBeUndefined();
    });

    it('is created as usual if it does not exist', async () => {
      const { restore, kube } = setUp();
      const output = await restore(aClaim('data', MOVED), overwriting());
      expect(kube.peekAll(dataMoverRestores)[0]?.spec).not.toHaveProperty('existingClaimPolicy');
      expect(parsed(output.item).spec.selector).toBeDefined();
    });

    it.each([
      ['Velero may not change what exists', overwriting('Overwrite', 'none')],
      [
        'Velero may change what exists, and nothing says that this means data',
        aRestore({ existingResourcePolicy: 'update' }),
      ],
      ['it is said to fail', overwriting('Fail')],
    ])('is left alone when %s', async (_, asked) => {
      const { restore, kube, lines } = setUp();
      kube.seed(persistentVolumeClaims, standing);
      expect(await restore(aClaim('data', MOVED), asked)).not.toHaveProperty('operationID');
      expect(kube.writeCalls()).toEqual([]);
      expect(lines.at(-1)?.message).toContain(
        '--existing-resource-policy=update and --annotations oadp.openshift.io/existing-claim-policy=Overwrite',
      );
    });

    it('is an error with a policy that does not exist', async () => {
      const { restore, kube } = setUp();
      kube.seed(persistentVolumeClaims, standing);
      await expect(restore(aClaim('data', MOVED), overwriting('Replace'))).rejects.toThrow(
        'the annotation oadp.openshift.io/existing-claim-policy of Restore again is "Replace"; it can be Fail or Overwrite',
      );
      expect(kube.writeCalls()).toEqual([]);
    });

    const waiting = desiredRestore(
      overwriting(),
      { namespace: 'app', name: 'data' },
      { movedBy: 'app/dmb-1', existingClaimPolicy: 'Overwrite' },
    );

    it.each<[string, NonNullable<DataMoverRestore['status']>]>([
      ['is out of use', { replaces: { persistentVolume: 'pv', reclaimPolicy: 'Delete', setAsideAt: TIME } }],
      ['had no volume after all', { admittedAt: TIME }],
      ['has failed', { phase: 'Failed' }],
    ])("does not block Velero's restore of the pods once it %s", async (_, status) => {
      const { record, kube, clock } = setUp();
      kube.seed(dataMoverRestores, waiting);
      let over = false;
      const call = record(aRecord(), overwriting()).then(() => (over = true));
      await clock.advance(5_000);
      expect(over).toBe(false);
      kube.edit(dataMoverRestores, { namespace: 'app', name: dmr }, (object) => (object.status = status));
      await clock.advance(1_000);
      await call;
    });

    it('does not block Velero any longer, with a warning, if it stays in use', async () => {
      const { record, kube, clock, lines } = setUp();
      kube.seed(dataMoverRestores, waiting);
      const call = record(aRecord(), overwriting());
      await clock.advance(61_000);
      await call;
      expect(lines.at(-1)).toMatchObject({
        level: 'warn',
        message: expect.stringContaining('PersistentVolumeClaim app/data is still in use after 60 s'),
      });
    });
  });

  it('keeps the storage class, size and labels that other actions have set', async () => {
    const { restore } = setUp();
    const changed = aClaim('data', { ...MOVED, labels: { own: 'label' } });
    const spec = { ...changed.spec, storageClassName: 'mapped', resources: { requests: { storage: '9Gi' } } };
    const { item } = await restore({ ...changed, spec } as Resource, aRestore(), aClaim('data', MOVED));
    expect(parsed(item)).toMatchObject({
      metadata: { labels: { own: 'label' } },
      spec: { storageClassName: 'mapped', resources: { requests: { storage: '9Gi' } } },
    });
  });

  it('gets a request of another name for each restore, in any protected namespace', async () => {
    const { restore, kube } = setUp();
    const other = aRestore({ namespaceMapping: { app: 'copy' } });
    other.metadata = { name: 'second', namespace: 'openshift-adp', uid: 'second-uid' };
    kube.seed<ConfigMap>(configMaps, turnedOn('openshift-adp'));
    await restore(aClaim('data', MOVED));
    await restore(aClaim('data', MOVED), other);
    expect(
      kube.peekAll(dataMoverRestores).map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
    ).toEqual([`app/${dmr}`, `copy/${restoreName('second-uid', 'copy', 'data')}`]);
  });

  describe('whose record the filters of the restore leave out', () => {
    const only = aRestore({ includedResources: ['persistentvolumeclaims', 'pods'] });

    it('is an error with the flag to add', async () => {
      const { restore, kube } = setUp();
      await expect(restore(aClaim('data', MOVED), only)).rejects.toThrow(
        'the resource filters of the Restore exclude DataMoverBackup app/dmb-1, the record of the data of PersistentVolumeClaim app/data: ' +
          'add datamoverbackups.oadp.openshift.io to --include-resources, then restore again',
      );
      expect(kube.writeCalls()).toEqual([]);
    });

    it('is restored by the record in the cluster', async () => {
      const { restore, kube } = setUp();
      kube.seed(dataMoverBackups, aRecord());
      const output = await restore(aClaim('data', MOVED), only);
      expect(output).not.toHaveProperty('additionalItems');
      expect(kube.peekAll(dataMoverRestores)[0]?.spec.source?.result?.snapshotID).toBe('abc');
    });

    it.each([
      ['of another backup', { ...aRecord(), metadata: { ...aRecord().metadata, labels: {} } }],
      ['that is not finished', aRecord({ phase: 'Moving' })],
    ])('is not restored by one %s', async (_, record) => {
      const { restore, kube } = setUp();
      kube.seed(dataMoverBackups, record);
      await expect(restore(aClaim('data', MOVED), only)).rejects.toThrow('--include-resources');
    });
  });

  it('with a mark that names nothing is an error that shows it', async () => {
    const odd = aClaim('data', { annotations: { [annotations.movedBy]: 'odd' } });
    await expect(setUp().restore(odd)).rejects.toThrow('is "odd", not namespace/name of a DataMoverBackup');
  });
});

describe('a volume', () => {
  it('of a moved claim is not restored, whether the mover is on or off', async () => {
    for (const enable of ['true', 'false'])
      expect(await setUp(enable).restore(aVolume('data', MOVED))).toEqual({ skipRestore: true });
  });

  it('of another claim is not changed', async () => {
    expect(await setUp().restore(aVolume())).toEqual({});
  });
});

describe('a snapshot', () => {
  it.each([aSnapshot, aContent])(
    'of a moved claim is not restored, whether the mover is on or off',
    async (make) => {
      for (const enable of ['true', 'false']) {
        const { restore, kube } = setUp(enable);
        // Velero's own action, which runs first, has renamed it; the item in the backup is unchanged.
        expect(await restore(make(), aRestore(), make('data', MOVED))).toEqual({ skipRestore: true });
        expect(kube.calls).toEqual([]);
      }
    },
  );

  it.each([aSnapshot, aContent])('of a plain backup is not changed, without a call', async (make) => {
    const { restore, kube } = setUp();
    expect(await restore(make())).toEqual({});
    expect(kube.calls).toEqual([]);
  });
});
