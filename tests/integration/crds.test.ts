import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { crdDefinitions } from '../../api/datamover/v1alpha1/crds.ts';
import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverClassSpec, type DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverDeletes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { isTrue } from './install-crds.ts';
import {
  NAMESPACE,
  client,
  installed,
  useCrds,
  create,
  refusal,
  claim,
  rowOf,
  getJson,
} from './crd-fixture.ts';

useCrds();

interface Sample extends Resource {
  spec?: unknown;
}

const samples = globSync(join(import.meta.dirname, '../../config/samples/*.yaml'))
  .map((file) => parse(readFileSync(file, 'utf8')) as Sample)
  .filter(({ kind }) => crdDefinitions.some((definition) => definition.kind.kind === kind));

describe('the definitions', () => {
  it('are established without complaints', () => {
    expect(installed).toHaveLength(crdDefinitions.length);
    for (const crd of installed) {
      expect(isTrue(crd, 'Established')).toBe(true);
      expect(isTrue(crd, 'NonStructuralSchema')).toBe(false);
      expect(crd.spec.names.categories).toEqual(['datamover']);
    }
  });

  it.each(samples.map((sample) => [sample.kind, sample] as const))(
    'take the sample of a %s with no field left over',
    async (_, sample) => {
      const { kind } = crdDefinitions.find((definition) => definition.kind.kind === sample.kind)!;
      const created = (await client.create(kind, sample)) as Sample;
      expect(created.spec).toMatchObject(sample.spec as object);
    },
  );
});

describe('defaults of a class', () => {
  it('are filled in beside what is given', async () => {
    const { spec } = await create(dataMoverClasses, { mover: 'VolSync', limits: { backups: 3 } });
    // The schema contains the same defaults, so that the controller and the API server read the same class.
    const filled = dataMoverClassSpec.parse({ mover: 'VolSync', limits: { backups: 3 } });
    expect(spec).toEqual(filled);
    expect(spec).toMatchObject({ capture: 'Snapshot', limits: { restores: 10, backupsPerNode: 10 } });
  });

  it('keep the settings of the mover unchanged, with any content', async () => {
    const config = { resticSecret: { name: 'x' }, retries: 3, list: [{ a: { b: null } }] };
    const { spec } = await create(dataMoverClasses, { mover: 'VolSync', config });
    expect(spec.config).toEqual(config);
  });
});

describe('the status of a class', () => {
  it('is Unknown from creation until a controller has checked the class', async () => {
    const { metadata } = await create(dataMoverClasses, { mover: 'Nobodys' });
    const seen = await client.get(dataMoverClasses, metadata);
    expect(seen?.status?.conditions).toMatchObject([
      { type: 'Accepted', status: 'Unknown', reason: 'Pending' },
      { type: 'Ready', status: 'Unknown', reason: 'Pending' },
    ]);
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const found = { status: 'True', reason: 'Succeeded', message: '', lastTransitionTime } as const;
    const conditions = ['Accepted', 'Ready', 'EngineServing'].map((type) => ({ type, ...found }));
    const name = { apiVersion: seen!.apiVersion, kind: seen!.kind, metadata: { name: metadata.name } };
    const judged = await client.applyStatus(dataMoverClasses, {
      ...name,
      status: { conditions },
    } as DataMoverClass);
    expect(judged.status?.conditions).toEqual(conditions);
  });
});

describe('bad input', () => {
  it.each<[string, Kind<Resource>, unknown, RegExp]>([
    ['a class without mover', dataMoverClasses, {}, /spec\.mover: Required value/],
    [
      'a class with a way to capture that there is not',
      dataMoverClasses,
      { mover: 'VolSync', capture: 'Stopped' },
      /spec\.capture: Unsupported value: "Stopped"/,
    ],
    [
      'options of a StorageClass with an access mode that there is not',
      dataMoverClasses,
      { mover: 'VolSync', storageClasses: { fast: { stagingAccessModes: ['ReadOnly'] } } },
      /spec\.storageClasses\.fast\.stagingAccessModes\[0\]: Unsupported value: "ReadOnly"/,
    ],
    [
      'no place at all on a node',
      dataMoverClasses,
      { mover: 'VolSync', limits: { backupsPerNode: 0 } },
      /spec\.limits\.backupsPerNode: Invalid value/,
    ],
    [
      'a class for volumes of a mode that there is not',
      dataMoverClasses,
      { mover: 'm', volumes: { volumeModes: ['Raw'] } },
      /spec\.volumes\.volumeModes\[0\]: Unsupported value: "Raw"/,
    ],
    [
      'a class for volumes of no driver',
      dataMoverClasses,
      { mover: 'm', volumes: { drivers: [] } },
      /spec\.volumes\.drivers: Invalid value: 0: .*at least 1 items/,
    ],
    [
      'a class for volumes of a size that is none',
      dataMoverClasses,
      { mover: 'm', volumes: { maxSize: 'much' } },
      /spec\.volumes\.maxSize: Invalid value: "much"/,
    ],
    ['a class for nobody', dataMoverClasses, { mover: '' }, /spec\.mover: Invalid value/],
    [
      'no room at all',
      dataMoverClasses,
      { mover: 'm', limits: { backups: 0 } },
      /spec\.limits\.backups: Invalid value: 0: .*greater than or equal to 1/,
    ],
    ['a backup of nothing', dataMoverBackups, {}, /spec\.dataSourceRef: Required value/],
    [
      'a backup of a pod',
      dataMoverBackups,
      { dataSourceRef: { kind: 'Pod', name: 'p' } },
      /spec\.dataSourceRef\.kind: Unsupported value: "Pod": supported values: "PersistentVolumeClaim", "VolumeSnapshot", "VolumeSnapshotContent", "PVC"/,
    ],
    [
      'a snapshot without its group',
      dataMoverBackups,
      { dataSourceRef: { kind: 'VolumeSnapshot', name: 's' } },
      /spec\.dataSourceRef\.apiGroup: .*apiGroup must be snapshot\.storage\.k8s\.io for a VolumeSnapshot/,
    ],
    [
      'a claim with a group',
      dataMoverBackups,
      { dataSourceRef: { apiGroup: 'snapshot.storage.k8s.io', ...claim } },
      /spec\.dataSourceRef\.apiGroup: .*and absent for a PersistentVolumeClaim/,
    ],
    [
      'a name that is none',
      dataMoverRestores,
      { destinationClaimRef: { name: 'Data_1' } },
      /spec\.destinationClaimRef\.name: Invalid value: "Data_1"/,
    ],
    [
      'a record that proves nothing',
      dataMoverRestores,
      { destinationClaimRef: { name: 'd' }, source: { result: { mover: 'm', repository: 'r' } } },
      /spec\.source\.result: .*a result without snapshotID must have empty: true/,
    ],
    [
      'a class in both spellings',
      dataMoverRestores,
      { destinationClaimRef: { name: 'd' }, dataMoverClass: 'a', DataMoverClass: 'a' },
      /spec\.DataMoverClass: .*dataMoverClass and DataMoverClass are two spellings of one field; set only one/,
    ],
    [
      'a claim by its short name with a group',
      dataMoverBackups,
      { dataSourceRef: { apiGroup: 'snapshot.storage.k8s.io', kind: 'PVC', name: 'data' } },
      /spec\.dataSourceRef\.apiGroup: .*and absent for a PersistentVolumeClaim/,
    ],
    ['a delete of nothing', dataMoverDeletes, {}, /spec\.result: Required value/],
  ])('%s', async (_, kind, spec, message) => {
    expect(await refusal(create(kind, spec))).toMatch(message);
  });

  it('a group may be empty for a claim, and an empty volume needs no snapshot', async () => {
    await create(dataMoverBackups, { dataSourceRef: { apiGroup: '', ...claim } });
    await create(dataMoverDeletes, { result: { mover: 'm', repository: 'r', empty: true } });
  });
});

describe('status', () => {
  const condition = (type: string, status: 'True' | 'False') => ({
    type,
    status,
    reason: 'Because',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });

  function statusOf(backup: DataMoverBackup, status: DataMoverBackupStatus): DataMoverBackup {
    const { name, namespace = NAMESPACE } = backup.metadata;
    return { ...backup, metadata: { name, namespace }, status };
  }

  it('is written apart from the spec', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: claim });
    const written = await client.applyStatus(dataMoverBackups, statusOf(backup, { phase: 'Queued' }));
    expect(written.status?.phase).toBe('Queued');
    expect(written.metadata.generation).toBe(1);
    const key = { namespace: NAMESPACE, name: backup.metadata.name };
    const patched = await client.mergePatch(dataMoverBackups, key, { status: { phase: 'Failed' } });
    expect(patched.status?.phase).toBe('Queued');
  });

  it('merges the conditions of two writers by type', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: claim });
    const write = (fieldManager: string, type: string, status: 'True' | 'False') =>
      client.applyStatus(dataMoverBackups, statusOf(backup, { conditions: [condition(type, status)] }), {
        fieldManager,
      });
    await write('one', 'Captured', 'False');
    await write('two', 'Admitted', 'True');
    const { status } = await write('one', 'Captured', 'True');
    expect(status?.conditions?.map((c) => [c.type, c.status])).toEqual([
      ['Captured', 'True'],
      ['Admitted', 'True'],
    ]);
  });

  it('drops a field that its only writer no longer applies', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: claim });
    const queue = { ahead: 2, reason: 'all places are taken' };
    await client.applyStatus(dataMoverBackups, statusOf(backup, { phase: 'Queued', queue }));
    const { status } = await client.applyStatus(dataMoverBackups, statusOf(backup, { phase: 'Staging' }));
    expect(status).toEqual({ phase: 'Staging' });
  });

  it('keeps the former names of its fields, so that requests of the version before can continue', async () => {
    const saved = { mover: 'm', repository: 'r', snapshotID: '11111111' };
    const former = { phase: 'Verifying', saved, strays: ['22222222'] } as DataMoverBackupStatus;
    const backup = await create(dataMoverBackups, { dataSourceRef: claim });
    expect((await client.applyStatus(dataMoverBackups, statusOf(backup, former))).status).toEqual(former);
    const replaces = { persistentVolume: 'pv-1', reclaimPolicy: 'Delete', outcome: 'PutBack' };
    const restore = await create(dataMoverRestores, { destinationClaimRef: { name: 'data' } });
    const { apiVersion, kind, metadata } = restore;
    const key = { name: metadata.name, namespace: NAMESPACE };
    const body = { apiVersion, kind, metadata: key, status: { replaces } } as unknown as DataMoverRestore;
    expect((await client.applyStatus(dataMoverRestores, body)).status).toEqual({ replaces });
  });

  it('is refused with a phase that does not exist and with a success that names no snapshot', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: claim });
    const status = (value: unknown) => statusOf(backup, value as DataMoverBackupStatus);
    expect(await refusal(client.applyStatus(dataMoverBackups, status({ phase: 'Done' })))).toMatch(
      /status\.phase: Unsupported value: "Done"/,
    );
    const result = { mover: 'm', repository: 'r' };
    expect(await refusal(client.applyStatus(dataMoverBackups, status({ result })))).toMatch(
      /status\.result: .*a success that names no snapshot is not proved/,
    );
  });
});

describe('the columns of kubectl get', () => {
  it('show which class serves what', async () => {
    const metadata = { name: 'by-default', annotations: { [annotations.defaultClass]: 'true' } };
    const spec = { mover: 'VolSync', selector: 'tier=gold' } as DataMoverClass['spec'];
    await client.create(dataMoverClasses, {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverClass',
      metadata,
      spec,
    });
    expect(await rowOf('/apis/oadp.openshift.io/v1alpha1/datamoverclasses/by-default')).toMatchObject({
      Mover: 'VolSync',
      Selector: 'tier=gold',
      Default: 'true',
    });
  });

  it('show how far a backup is', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: claim });
    const { name } = backup.metadata;
    const progress = { bytesDone: 5, totalBytes: 9, updatedAt: '2026-01-01T00:00:00Z' };
    await client.applyStatus(dataMoverBackups, {
      ...backup,
      metadata: { name, namespace: NAMESPACE },
      status: { phase: 'Moving', dataMoverClass: 'gold', progress },
    });
    const row = await rowOf(
      `/apis/oadp.openshift.io/v1alpha1/namespaces/${NAMESPACE}/datamoverbackups/${name}`,
    );
    expect(row).toMatchObject({ Class: 'gold', Phase: 'Moving', Done: 5, Total: 9 });
    expect(Object.keys(row)).toEqual(['Name', 'Class', 'PVC', 'Phase', 'Done', 'Total', 'Message', 'Age']);
  });

  it('come under the short names and the category', async () => {
    const { resources } = (await getJson('/apis/oadp.openshift.io/v1alpha1')) as {
      resources: { name: string; shortNames?: string[]; categories?: string[] }[];
    };
    const short = resources
      .filter(({ shortNames }) => shortNames)
      .map((r) => [r.name, r.shortNames, r.categories]);
    expect(short).toEqual(
      expect.arrayContaining(
        crdDefinitions.map(({ kind, shortName }) => [kind.plural, [shortName], ['datamover']]),
      ),
    );
  });
});
