import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverDeletes, dataMoverPrunes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { desiredRestore } from './desired-restore.ts';
import { aRecord, aRestore } from '../../tests/fakes/velero-objects.ts';
import { dmr, setUp } from '../../tests/fakes/restore-action.ts';

describe('a record', () => {
  const waiting = desiredRestore(aRestore(), { namespace: 'app', name: 'data' }, { movedBy: 'app/dmb-1' });

  it('sets the source of the request that waits, and is not restored', async () => {
    const { record, kube } = setUp();
    kube.seed(dataMoverRestores, waiting);
    const { status: _, ...stripped } = aRecord();
    expect(await record(stripped, aRestore(), aRecord())).toEqual({ skipRestore: true });
    expect(kube.peekAll(dataMoverRestores)[0]?.spec.source).toEqual({
      backupName: 'dmb-1',
      backupNamespace: 'app',
      dataMoverClass: 'standard',
      result: { mover: 'VolSync', repository: 'c/app/data', snapshotID: 'abc' },
    });
  });

  it('finds the request in the mapped namespace', async () => {
    const { record, kube } = setUp();
    const mapped = aRestore({ namespaceMapping: { app: 'new' } });
    kube.seed(
      dataMoverRestores,
      desiredRestore(mapped, { namespace: 'new', name: 'data' }, { movedBy: 'app/dmb-1' }),
    );
    await record(aRecord(), mapped);
    expect(kube.peekAll(dataMoverRestores)[0]?.spec.source).toBeDefined();
  });

  it('D14: of a claim of the same name is not used if both namespaces are mapped into one', async () => {
    const { record, kube } = setUp();
    const mapped = aRestore({ namespaceMapping: { app: 'new', shop: 'new' } });
    const target = { namespace: 'new', name: 'data' };
    kube.seed(dataMoverRestores, desiredRestore(mapped, target, { movedBy: 'app/dmb-1' }));
    const foreign = aRecord();
    foreign.metadata.namespace = 'shop';
    await record(foreign, mapped);
    expect(kube.peekAll(dataMoverRestores)[0]?.spec.source).toBeUndefined();
    await record(aRecord(), mapped);
    expect(kube.peekAll(dataMoverRestores)[0]?.spec.source?.backupNamespace).toBe('app');
  });

  it('of a snapshot that was never captured sets the failure of the request that waits for it', async () => {
    const { record, kube } = setUp();
    kube.seed(dataMoverRestores, waiting);
    const other = { namespace: 'app', name: 'log' };
    kube.seed(dataMoverRestores, desiredRestore(aRestore(), other, { movedBy: 'app/dmb-2' }));
    const failure = { reason: 'SourceNotFound', message: 'VolumeSnapshot app/velero-data does not exist' };
    const failed = aRecord({ phase: 'Failed', failure });
    failed.spec.dataSourceRef = { kind: 'VolumeSnapshot', name: 'velero-data' };
    delete failed.status?.result;
    expect(await record(failed)).toEqual({ skipRestore: true });
    const sources = kube.peekAll(dataMoverRestores).map(({ spec }) => spec.source?.failure);
    expect(sources.filter((source) => source !== undefined)).toEqual([failure]);
    expect(kube.peek(dataMoverRestores, { namespace: 'app', name: dmr })?.spec.source).toMatchObject({
      failure,
    });
  });

  describe.each([3, 300])('of %d', (count) => {
    async function handOver(kind: 'PersistentVolumeClaim' | 'VolumeSnapshot') {
      const { record, kube, listed } = setUp();
      const records = Array.from({ length: count }, (_, index) => {
        const one = aRecord({ phase: 'Failed' });
        one.metadata.name = `dmb-${String(index)}`;
        one.spec.dataSourceRef = { kind, name: `data-${String(index)}` };
        delete one.status?.result;
        const details = { movedBy: `app/${one.metadata.name}` };
        const target = { namespace: 'app', name: `data-${String(index)}` };
        kube.seed(dataMoverRestores, desiredRestore(aRestore(), target, details));
        return one;
      });
      for (const one of records) await record(one);
      const given = kube.peekAll(dataMoverRestores).map(({ spec }) => spec.source?.backupName);
      expect(new Set(given)).toEqual(new Set(records.map(({ metadata }) => metadata.name)));
      const calls = kube.calls.map(({ verb }) => verb);
      return { calls: calls.length, lists: calls.filter((verb) => verb === 'list').length, listed: listed() };
    }

    it('costs a get and a patch if it names its claim', async () => {
      expect(await handOver('PersistentVolumeClaim')).toEqual({ calls: 2 * count, lists: 0, listed: 0 });
    });

    it('costs a list of one request and a patch if its snapshot was never captured', async () => {
      expect(await handOver('VolumeSnapshot')).toEqual({ calls: 2 * count, lists: count, listed: count });
    });
  });

  it.each([dataMoverRestores, dataMoverDeletes, dataMoverPrunes])(
    'is no $kind; one that was made by hand is not restored, because it would run again',
    async ({ kind, plural, group, version }) => {
      const { record, kube, resources } = setUp();
      expect(resources).toContain(`${plural}.${group}`);
      const made = {
        apiVersion: `${group}/${version}`,
        kind,
        metadata: { name: 'by-hand', namespace: 'app' },
        spec: { existingClaimPolicy: 'Overwrite', destinationClaimRef: { name: 'data' } },
      };
      expect(await record(made)).toEqual({ skipRestore: true });
      expect(kube.calls).toEqual([]);
    },
  );

  it.each([
    [
      'of another backup',
      (r: ReturnType<typeof aRecord>) => void (r.metadata.labels = { [labels.veleroBackupName]: 'weekly' }),
    ],
    [
      'of another backup whose long name begins alike',
      (r: ReturnType<typeof aRecord>) =>
        void (r.metadata.annotations = { [annotations.veleroBackup]: 'daily2' }),
    ],
    [
      'of a claim of the same name in another namespace',
      (r: ReturnType<typeof aRecord>) => void (r.metadata.name = 'dmb-2'),
    ],
    ['made by hand', (r: ReturnType<typeof aRecord>) => delete r.metadata.labels],
    ['of another claim', (r: ReturnType<typeof aRecord>) => void (r.spec.dataSourceRef.name = 'log')],
  ])('%s changes no request', async (_, change) => {
    const { record, kube } = setUp();
    kube.seed(dataMoverRestores, waiting);
    const other = aRecord();
    change(other);
    expect(await record(other)).toEqual({ skipRestore: true });
    expect(kube.writeCalls()).toEqual([]);
  });

  it('of a source in the spelling of the published design finds the request of its claim', async () => {
    const { record, kube } = setUp();
    kube.seed(dataMoverRestores, waiting);
    const written = aRecord();
    Object.assign(written.spec, { dataSourceRef: { kind: 'PVC', name: 'data' } });
    await record(written);
    expect(kube.peekAll(dataMoverRestores)[0]?.spec.source).toMatchObject({ backupName: 'dmb-1' });
  });

  it('does not overwrite a source', async () => {
    const { record, kube } = setUp();
    kube.seed(dataMoverRestores, { ...waiting, spec: { ...waiting.spec, source: { backupName: 'first' } } });
    await record(aRecord());
    expect(kube.writeCalls()).toEqual([]);
  });

  it('is skipped with the mover off, too', async () => {
    expect(await setUp('false').record(aRecord())).toEqual({ skipRestore: true });
  });
});
