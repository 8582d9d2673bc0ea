import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { TEXTS, titleOf } from '../../tests/fakes/hostile.ts';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import { backupName } from '../../api/datamover/v1alpha1/names.ts';
import { labelValue } from '../../api/kubernetes/names.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { createClusterReader } from '../cluster-reader.ts';
import { createDeleteAction } from './action.ts';
import { aBackup, aClaim, aRecord, recordingLog } from '../../tests/fakes/velero-objects.ts';

function setUp() {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  const action = createDeleteAction(
    createClusterReader({ clock, connect: () => Promise.resolve(kube.client('plugin')) }),
  );
  const { log, lines } = recordingLog();
  const context = { log, signal: new AbortController().signal };
  const execute = (record: Resource, backup = aBackup({}, 'Deleting')) =>
    action.execute({ item: Buffer.from(JSON.stringify(record)), backup }, context);
  return { kube, clock, lines, action, execute, asked: () => kube.peekAll(dataMoverDeletes) };
}

describe('the record of a backup that is deleted', () => {
  it('becomes the wish to remove its data, in the protected namespace, with the mover on or off', async () => {
    const { execute, asked, action } = setUp();
    expect(action.resources).toEqual([
      'datamoverbackups.oadp.openshift.io',
      'persistentvolumeclaims',
      'namespaces',
    ]);
    const record = aRecord({ dataMoverClass: 'fast' });
    record.spec.config = { resticSecret: { name: 'access' } };
    await execute(record);
    expect(asked()).toMatchObject([
      {
        kind: 'DataMoverDelete',
        metadata: {
          namespace: 'velero',
          name: expect.stringMatching(/^dmd-[0-9a-f]{16}$/),
          labels: { [labels.veleroBackupName]: 'daily', [labels.veleroExclude]: 'true' },
          annotations: { [annotations.veleroBackup]: 'daily' },
        },
        spec: {
          dataMoverClass: 'fast',
          backupName: 'dmb-1',
          backupNamespace: 'app',
          result: { mover: 'VolSync', repository: 'c/app/data', snapshotID: 'abc' },
          config: { resticSecret: { name: 'access' } },
        },
      },
    ]);
  });

  it('creates only one DataMoverDelete even if Velero passes it twice', async () => {
    const { execute, asked } = setUp();
    await execute(aRecord());
    await execute(aRecord());
    expect(asked()).toHaveLength(1);
  });

  it('is another wish for each snapshot', async () => {
    const { execute, asked } = setUp();
    for (const snapshotID of ['abc', 'def'])
      await execute(aRecord({ result: { mover: 'VolSync', repository: 'c/app/data', snapshotID } }));
    expect(asked()).toHaveLength(2);
  });

  it('belongs to a backup whose name has 200 characters', async () => {
    const { execute, asked } = setUp();
    const backup = aBackup();
    backup.metadata.name = 'b'.repeat(200);
    const record = aRecord();
    record.metadata.labels = { [labels.veleroBackupName]: labelValue(backup.metadata.name) };
    record.metadata.annotations = { [annotations.veleroBackup]: backup.metadata.name };
    await execute(record, backup);
    expect(asked()).toHaveLength(1);
  });

  it.each<[string, (record: DataMoverBackup) => void]>([
    ['of another backup', ({ metadata }) => (metadata.labels = { [labels.veleroBackupName]: 'weekly' })],
    [
      'of another backup that the label does not tell apart',
      ({ metadata }) => (metadata.annotations = { [annotations.veleroBackup]: 'another' }),
    ],
    ['made by hand', ({ metadata }) => delete metadata.labels],
  ])('%s is left alone', async (_, change) => {
    const { execute, kube } = setUp();
    const record = aRecord();
    record.metadata.uid = 'record-uid';
    kube.seed(dataMoverBackups, record);
    change(record);
    await execute(record);
    expect(kube.writeCalls()).toEqual([]);
    expect(kube.peekAll(dataMoverBackups)).toHaveLength(1);
  });

  it.each<[string, (record: DataMoverBackup) => void]>([
    ['without a result', (record) => (record.status = { phase: 'Failed' })],
    ['without a status', (record) => delete record.status],
    [
      'of an empty volume',
      (record) => (record.status = { result: { mover: 'VolSync', repository: 'c/app/data', empty: true } }),
    ],
  ])('%s removes nothing', async (_, change) => {
    const { execute, kube, lines } = setUp();
    const record = aRecord();
    change(record);
    await execute(record);
    expect(kube.writeCalls()).toEqual([]);
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([]);
  });

  it('takes its original in the cluster along, and nothing else of that name', async () => {
    const { execute, kube } = setUp();
    kube.seed(dataMoverBackups, aRecord());
    const [original] = kube.peekAll(dataMoverBackups);
    const stranger = { ...original!, metadata: { ...original!.metadata, uid: 'of-another-cluster' } };
    await execute(stranger);
    expect(kube.peekAll(dataMoverBackups)).toHaveLength(1);
    await execute(original!);
    expect(kube.peekAll(dataMoverBackups)).toEqual([]);
    await execute(original!);
  });

  it('uses the result of its original in the cluster if it ended after the backup', async () => {
    const { execute, kube, asked } = setUp();
    const original = kube.seed(dataMoverBackups, aRecord());
    const stored: DataMoverBackup = { ...original, status: { phase: 'Moving' } };
    await execute(stored);
    expect(asked()).toMatchObject([{ spec: { result: { snapshotID: 'abc' } } }]);
    expect(kube.peekAll(dataMoverBackups)).toEqual([]);
  });

  it('is an error that names the namespace when that is missing', async () => {
    const { execute, kube } = setUp();
    kube.before = ({ verb }) => {
      if (verb === 'create')
        throw KubeError.fromResponse({
          code: 404,
          body: '{"kind":"Status","reason":"NotFound","message":"namespaces \\"velero\\" not found"}',
        });
    };
    await expect(execute(aRecord())).rejects.toThrow(
      'snapshot abc remains in repository c/app/data: 404 NotFound: namespaces "velero" not found',
    );
  });

  it('is an error that names the data if no DataMoverDelete can be created', async () => {
    const { execute, kube } = setUp();
    kube.before = ({ verb }) => {
      if (verb === 'create') throw new KubeError({ code: 404, reason: 'NotFound', message: 'no such kind' });
    };
    await expect(execute(aRecord())).rejects.toThrow(
      "snapshot abc remains in repository c/app/data: the data mover's CustomResourceDefinitions are not installed",
    );
    kube.before = ({ verb }) => {
      if (verb === 'create') throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not you' });
    };
    await expect(execute(aRecord())).rejects.toThrow(
      'snapshot abc remains in repository c/app/data: not you',
    );
  });

  it('is retried if the API server is unavailable', async () => {
    const { execute, kube, clock, asked } = setUp();
    let failures = 1;
    kube.before = ({ verb }) => {
      if (verb === 'create' && failures-- > 0)
        throw new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'later' });
    };
    const executing = execute(aRecord());
    await clock.advance(500);
    await executing;
    expect(asked()).toHaveLength(1);
  });
});

describe('a record that was changed in the bucket', () => {
  it.each(TEXTS.map((text) => [titleOf(text), text]))(
    'to %s becomes nothing but a wish in the protected namespace, under a name of ours',
    async (_, text) => {
      const { execute, kube } = setUp();
      kube.seed(dataMoverBackups, aRecord());
      const record = aRecord({
        dataMoverClass: text,
        result: { mover: text, repository: text, repositoryID: text, snapshotID: text },
      });
      Object.assign(record.metadata, { namespace: text, name: text, uid: text });
      await execute(record);
      const writes = kube.writeCalls().map(({ verb, kind, key, body }) => {
        const { namespace, name } = key ?? (body as Resource).metadata;
        return `${verb} ${kind.kind} ${namespace ?? ''}/${name}`;
      });
      expect(writes).toEqual([expect.stringMatching(/^create DataMoverDelete velero\/dmd-[0-9a-f]{16}$/)]);
    },
  );

  it('to name the record of another backup takes neither that nor its data along', async () => {
    const { execute, kube, asked } = setUp();
    const other = aRecord({ result: { mover: 'VolSync', repository: 'c/victim/data', snapshotID: 'def' } });
    Object.assign(other.metadata, { namespace: 'victim', uid: 'other', labels: {} });
    kube.seed(dataMoverBackups, other);
    const record = aRecord();
    Object.assign(record.metadata, { namespace: 'victim', uid: 'other' });
    await execute(record);
    expect(kube.peekAll(dataMoverBackups)).toHaveLength(1);
    expect(asked().map(({ spec }) => spec.result.snapshotID)).toEqual(['abc']);
  });
});

describe('a claim of a backup that is deleted', () => {
  const marked = aClaim('data', { annotations: { [annotations.movedBy]: 'app/dmb-1' } });

  it('leads to its record if the backup does not contain it', async () => {
    const { execute, kube, asked } = setUp();
    kube.seed(dataMoverBackups, aRecord());
    await execute(marked);
    expect(asked()).toMatchObject([{ spec: { backupName: 'dmb-1', result: { snapshotID: 'abc' } } }]);
    expect(kube.peekAll(dataMoverBackups)).toEqual([]);
  });

  it('leads nowhere in another cluster, and to no record of another backup', async () => {
    const { execute, kube, asked } = setUp();
    await execute(marked);
    const other = aRecord();
    other.metadata.labels = { [labels.veleroBackupName]: 'weekly' };
    kube.seed(dataMoverBackups, other);
    await execute(marked);
    expect(asked()).toEqual([]);
    expect(kube.peekAll(dataMoverBackups)).toHaveLength(1);
  });

  it('costs one list per backup when its data was not moved', async () => {
    const { execute, kube } = setUp();
    await execute(aClaim());
    await execute(aClaim('other'));
    expect(kube.calls.map(({ verb }) => verb)).toEqual(['list']);
  });
});

describe('a request without a record in the backup', () => {
  const anItem: Resource = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'app' } };

  /** A request that the plugin created early in the backup `daily`, for a claim that Velero then left out. */
  function aRequest(): DataMoverBackup {
    const request = aRecord();
    request.metadata.name = backupName('backup-uid', 'uid-data');
    request.metadata.labels = {
      [labels.veleroBackupName]: 'daily',
      [labels.veleroBackupUid]: 'backup-uid',
    };
    request.metadata.annotations = { [annotations.veleroBackup]: 'daily' };
    request.status!.capture = {
      consistency: 'PointInTime',
      time: '2026-01-01T00:00:00Z',
      claimUID: 'uid-data',
    };
    return request;
  }

  it('is deleted with its data, at any first item of the backup', async () => {
    const { execute, kube, asked } = setUp();
    kube.seed(dataMoverBackups, aRequest());
    await execute(anItem);
    expect(asked()).toMatchObject([{ spec: { result: { snapshotID: 'abc' } } }]);
    expect(kube.peekAll(dataMoverBackups)).toEqual([]);
  });

  it('is identified by the claim in the cluster if it does not record the uid of the claim', async () => {
    const { execute, kube, asked } = setUp();
    const request = aRequest();
    delete request.status!.capture;
    kube.seed(dataMoverBackups, request);
    kube.seed(persistentVolumeClaims, aClaim());
    await execute(anItem);
    expect(asked()).toHaveLength(1);
  });

  it('is deleted with its data if its claim is named with the former kind PVC', async () => {
    const { execute, kube, asked } = setUp();
    const request = aRequest();
    delete request.status!.capture;
    Object.assign(request.spec.dataSourceRef, { kind: 'PVC' });
    kube.seed(dataMoverBackups, request);
    kube.seed(persistentVolumeClaims, aClaim());
    await execute(anItem);
    expect(asked()).toHaveLength(1);
  });

  it('is deleted before it has any data, so that the controller ends it', async () => {
    const { execute, kube, asked } = setUp();
    const request = aRequest();
    delete request.status!.result;
    kube.seed(dataMoverBackups, request);
    await execute(anItem);
    expect(asked()).toEqual([]);
    expect(kube.peekAll(dataMoverBackups)).toEqual([]);
  });

  it('is deleted with data that it got after it was read', async () => {
    const { execute, kube, asked } = setUp();
    const { result } = aRequest().status!;
    const request = aRequest();
    delete request.status!.result;
    const { metadata } = kube.seed(dataMoverBackups, request);
    kube.before = ({ verb }) => {
      if (verb !== 'delete') return;
      kube.before = undefined;
      kube.edit(dataMoverBackups, metadata, (ended) => Object.assign(ended.status!, { result }));
    };
    await execute(anItem);
    expect(asked()).toMatchObject([{ spec: { result } }]);
    expect(kube.peekAll(dataMoverBackups)).toEqual([]);
  });

  it.each<[string, (request: DataMoverBackup) => void]>([
    ['was made in another backup', ({ metadata }) => (metadata.name = backupName('other-uid', 'uid-data'))],
    ['is of another claim', ({ status }) => (status!.capture!.claimUID = 'uid-other')],
    ['was made by hand', ({ metadata }) => (metadata.name = 'mine')],
    ['has a claim that is unknown', ({ status }) => delete status!.capture],
  ])('keeps its data if only its labels match and it %s', async (_, change) => {
    const { execute, kube, lines } = setUp();
    const request = aRequest();
    change(request);
    kube.seed(dataMoverBackups, request);
    await execute(anItem);
    expect(kube.writeCalls()).toEqual([]);
    expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: expect.stringContaining('its data is kept') },
    ]);
  });

  it('is looked for once per backup, and again when that failed', async () => {
    const { execute, kube } = setUp();
    kube.before = ({ verb }) => {
      if (verb === 'list') throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not you' });
    };
    await expect(execute(anItem)).rejects.toThrow('not you');
    kube.before = undefined;
    await execute(anItem);
    await execute(anItem);
    expect(kube.calls.filter(({ verb }) => verb === 'list')).toHaveLength(2);
  });

  it('does not keep the others from going when it cannot', async () => {
    const { execute, kube, asked } = setUp();
    const namespaces = ['app', 'broken'];
    for (const namespace of namespaces) {
      const request = aRequest();
      request.metadata.namespace = namespace;
      kube.seed(dataMoverBackups, request);
    }
    kube.before = ({ verb, key }) => {
      if (verb === 'get' && key?.namespace === 'app')
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not you' });
    };
    await expect(execute(anItem)).rejects.toThrow('not you');
    expect(asked()).toMatchObject([{ spec: { backupNamespace: 'broken' } }]);
  });
});
