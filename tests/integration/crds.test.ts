import { globSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { namespaces } from '../../api/kubernetes/core.ts';
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
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isInvalid } from '../../kube/client/kube-error.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installCrds, isTrue, type Crd } from './install-crds.ts';

const NAMESPACE = 'shop';
const RESULT = { mover: 'VolSync', repository: 'c1/shop/data', snapshotID: '9f2c1b7d' };

interface Sample extends Resource {
  spec?: unknown;
}

const samples = globSync(join(import.meta.dirname, '../../config/samples/*.yaml'))
  .map((file) => parse(readFileSync(file, 'utf8')) as Sample)
  .filter(({ kind }) => crdDefinitions.some((definition) => definition.kind.kind === kind));

let plane: ControlPlane;
let client: KubeClient;
let installed: Crd[];

beforeAll(async () => {
  plane = await startControlPlane();
  client = createKubeClient(plane.config, { fieldManager: 'test' });
  installed = await installCrds(client);
  for (const name of [NAMESPACE, 'velero']) {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
}, 300_000);

afterAll(async () => {
  await client.close();
  await plane.stop();
});

let count = 0;

/** Creates an object of our kinds with the given spec under a new name. The spec may be invalid on purpose. */
async function create<T extends Resource>(kind: Kind<T>, spec: unknown): Promise<T> {
  count += 1;
  const metadata = { name: `x-${String(count)}`, ...(kind.namespaced && { namespace: NAMESPACE }) };
  const object = { apiVersion: `${kind.group}/${kind.version}`, kind: kind.kind, metadata, spec };
  return client.create(kind, object as unknown as T);
}

/** Merges into the spec of an object. */
async function change<T extends Resource>(
  kind: Kind<T>,
  object: T,
  spec: Record<string, unknown>,
): Promise<T> {
  const { name, namespace } = object.metadata;
  return client.mergePatch(kind, { name, ...(namespace !== undefined && { namespace }) }, { spec });
}

/** Returns the error with which the API server rejects a call as invalid. Fails if it does not. */
async function refusal(call: Promise<unknown>): Promise<string> {
  const outcome = await call.then(
    () => 'accepted',
    (error: unknown) => error,
  );
  if (!isInvalid(outcome)) throw new Error('should have been refused as invalid', { cause: outcome });
  return outcome.message;
}

const claim = { kind: 'PersistentVolumeClaim', name: 'data' };

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

describe('a backup, once created', () => {
  it.each([
    ['its source', { dataSourceRef: { name: 'other' } }, 'dataSourceRef'],
    ['its class', { dataMoverClass: 'other' }, 'dataMoverClass'],
    ['its settings', { config: { list: [{ a: 2 }] } }, 'config'],
    ['the presence of its settings', { config: null }, 'config'],
  ])('keeps %s', async (_, spec, field) => {
    const backup = await create(dataMoverBackups, { dataSourceRef: claim, config: { list: [{ a: 1 }] } });
    expect(await refusal(change(dataMoverBackups, backup, spec))).toContain(
      `spec.${field}: Forbidden: ${field} cannot be changed after creation; create another DataMoverBackup`,
    );
  });

  it('can be canceled, and stays canceled', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: claim, cancel: false });
    const canceled = await change(dataMoverBackups, backup, { cancel: true });
    expect(canceled.spec.cancel).toBe(true);
    for (const cancel of [false, null]) {
      expect(await refusal(change(dataMoverBackups, backup, { cancel }))).toContain(
        'spec.cancel: Forbidden: cancel cannot be taken back once it is true',
      );
    }
  });

  it('accepts new labels and an update with the same spec', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: claim, config: { a: 1 } });
    const key = { namespace: NAMESPACE, name: backup.metadata.name };
    await client.mergePatch(dataMoverBackups, key, { metadata: { labels: { a: 'b' } } });
    const again = await change(dataMoverBackups, backup, { dataSourceRef: claim, config: { a: 1 } });
    expect(again.metadata.generation).toBe(1);
  });
});

describe('a restore, once created', () => {
  const spec = { destinationClaimRef: { name: 'data' } };
  const source = { backupName: 'dmb-1', backupNamespace: NAMESPACE, result: RESULT };

  it('takes its source later, once', async () => {
    const restore = await create(dataMoverRestores, spec);
    const withSource = await change(dataMoverRestores, restore, { source });
    expect(withSource.spec.source).toEqual(source);
    for (const other of [{ backupName: 'dmb-2' }, { result: { snapshotID: '0' } }]) {
      expect(await refusal(change(dataMoverRestores, restore, { source: other }))).toContain(
        'spec.source: Forbidden: source is already set and cannot be changed',
      );
    }
    await refusal(change(dataMoverRestores, restore, { source: null }));
    await change(dataMoverRestores, restore, { source });
  });

  it('takes none once it has chosen its record itself', async () => {
    const restore = await create(dataMoverRestores, spec);
    const { apiVersion, kind, metadata } = restore;
    const key = { name: metadata.name, namespace: NAMESPACE };
    await client.applyStatus(dataMoverRestores, {
      apiVersion,
      kind,
      metadata: key,
      status: { phase: 'Pending', source },
    } as DataMoverRestore);
    expect(await refusal(change(dataMoverRestores, restore, { source }))).toContain(
      'spec.source: Forbidden: spec.source cannot be set: the restore has already chosen the record in status.source',
    );
    const canceled = await change(dataMoverRestores, restore, { cancel: true });
    expect(canceled).toMatchObject({ spec: { cancel: true }, status: { source } });
  });

  it('keeps its destination, with its namespace', async () => {
    const restore = await create(dataMoverRestores, spec);
    for (const destinationClaimRef of [{ name: 'other' }, { namespace: 'other' }]) {
      expect(await refusal(change(dataMoverRestores, restore, { destinationClaimRef }))).toContain(
        'spec.destinationClaimRef: Forbidden: destinationClaimRef cannot be changed after creation',
      );
    }
  });

  it('can be canceled, and stays canceled', async () => {
    const restore = await create(dataMoverRestores, spec);
    await change(dataMoverRestores, restore, { cancel: true });
    await refusal(change(dataMoverRestores, restore, { cancel: false }));
  });
});

describe('the spellings of the published design', () => {
  const destinationClaimRef = { name: 'data' };

  it('are accepted', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: { kind: 'PVC', name: 'data' } });
    expect(backup.spec.dataSourceRef).toEqual({ kind: 'PVC', name: 'data' });
    const restore = await create(dataMoverRestores, { destinationClaimRef, DataMoverClass: 'gold' });
    expect(restore.spec).toEqual({ destinationClaimRef, DataMoverClass: 'gold' });
  });

  it('are explained by kubectl', async () => {
    const path = '/openapi/v3/apis/oadp.openshift.io/v1alpha1';
    interface Explained {
      description?: string;
      properties?: Record<string, Explained>;
    }
    let spec: Explained | undefined;
    // The API server publishes the schema a moment after the definition is established.
    while (spec === undefined) {
      const page = (await getJson(path)) as { components?: { schemas?: Record<string, Explained> } };
      spec = page.components?.schemas?.['io.openshift.oadp.v1alpha1.DataMoverRestore']?.properties?.['spec'];
    }
    expect(spec.properties?.['DataMoverClass']?.description).toContain('Alias of `dataMoverClass`');
  });

  it('are as fixed as the others', async () => {
    const backup = await create(dataMoverBackups, { dataSourceRef: { kind: 'PVC', name: 'data' } });
    expect(await refusal(change(dataMoverBackups, backup, { dataSourceRef: { name: 'other' } }))).toContain(
      'spec.dataSourceRef: Forbidden: dataSourceRef cannot be changed after creation',
    );
    const restore = await create(dataMoverRestores, { destinationClaimRef, DataMoverClass: 'gold' });
    for (const DataMoverClass of ['silver', null]) {
      expect(await refusal(change(dataMoverRestores, restore, { DataMoverClass }))).toContain(
        'spec.DataMoverClass: Forbidden: DataMoverClass cannot be changed after creation',
      );
    }
    expect(
      await refusal(change(dataMoverRestores, restore, { DataMoverClass: null, dataMoverClass: 'silver' })),
    ).toContain('cannot be changed after creation');
  });
});

describe('a delete, once created', () => {
  it('keeps everything', async () => {
    const request = await create(dataMoverDeletes, { result: RESULT });
    for (const spec of [{ result: { snapshotID: 'other' } }, { dataMoverClass: 'c' }]) {
      expect(await refusal(change(dataMoverDeletes, request, spec))).toContain(
        'spec: Forbidden: spec cannot be changed after creation; create another DataMoverDelete',
      );
    }
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

/** Returns one object as `kubectl get` shows it: cells by column. */
async function rowOf(path: string): Promise<Record<string, unknown>> {
  const table = (await getJson(path, 'application/json;as=Table;v=v1;g=meta.k8s.io')) as {
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[] }[];
  };
  const cells = table.rows[0]?.cells ?? [];
  return Object.fromEntries(table.columnDefinitions.map(({ name }, index) => [name, cells[index]]));
}

/** Sends a plain GET, for what the client does not offer. */
async function getJson(path: string, accept = 'application/json'): Promise<unknown> {
  const { server, tls, authorization } = plane.config;
  const headers = { accept, authorization: (await authorization?.(false)) ?? '' };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${server}${path}`, { ca: tls.ca, headers }, resolve).on('error', reject);
  });
  return json(response);
}
