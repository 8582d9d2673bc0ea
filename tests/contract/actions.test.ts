import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  configMaps,
  persistentVolumeClaims,
  pods,
  type ConfigMap,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations, labels, pluginConfig } from '../../api/datamover/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverDeletes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { backupName, restoreName } from '../../api/datamover/v1alpha1/names.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { createNamespace, startTestCluster, type TestCluster } from './cluster.ts';
import {
  backupAction,
  blockAction,
  claim,
  deleteAction,
  recordAction,
  restoreAction,
  veleroBackup,
  veleroRestore,
} from './objects.ts';
import { discover, openSession, type Session } from './session.ts';
import { startVeleroHost, type VeleroHost } from './velero-host.ts';

/** The actions, from Velero's client through the built executable to a real API server with our kinds. */

const CAPTURED_AT = '2026-01-01T00:00:10Z';
const restore = veleroRestore();

let cluster: TestCluster;
let host: VeleroHost;
let kube: KubeClient;
let session: Session;
let count = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
  kube = cluster.kube;
  host = await startVeleroHost({ env: { KUBECONFIG: cluster.kubeconfig } });
  await discover(host);
}, 600_000);

afterAll(async () => {
  await host.close();
  await cluster.stop();
});

/** Opens a session. It is one process, so what the plugin keeps in memory lives as long as the session. */
async function begin(): Promise<Session> {
  session = await openSession(host, `actions-${String(++count)}`);
  return session;
}

afterEach(async () => {
  await session.close();
});

describe('with the data mover off', () => {
  it('every item is returned unchanged, down to the last digit', async () => {
    const item =
      '{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"app","generation":9007199254740993},"spec":{}}';
    const { item: stored, ...rest } = await (await begin()).execute(backupAction, veleroBackup(), item);
    expect(stored).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'app', generation: 9007199254740993n },
      spec: {},
    });
    expect(rest).toMatchObject({ operationID: '', postOperationItems: null, additionalItems: null });
    expect(session.logs()).toContainEqual(
      expect.objectContaining({ level: 'debug', msg: expect.stringContaining('the data mover is off') }),
    );
  });

  it('a moved claim fails to be restored, with what to do', async () => {
    const moved = claim('app', 'data', { metadata: { annotations: { [annotations.movedBy]: 'app/dmb-1' } } });
    const executing = (await begin()).execute(restoreAction, restore, moved);
    await expect(executing).rejects.toThrow(/app\/dmb-1.*off in namespace velero.*data\.enable: "true"/);
  });

  it('a switch that is neither true nor false is an error that names it', async () => {
    await switchTo('maybe');
    const executing = (await begin()).execute(backupAction, veleroBackup(), claim('app', 'data'));
    await expect(executing).rejects.toThrow(
      'data.enable of ConfigMap velero/data-mover is "maybe"; it must be "true" or "false"',
    );
  });
});

describe('a backup', () => {
  beforeAll(async () => {
    await switchTo('true');
    await createClass('standard', { default: true });
  });

  it('creates a request for a claim, waits for its capture and returns the operation ID', async () => {
    const pvc = await createClaim('one', 'data');
    const backup = veleroBackup({ uid: 'uid-one' });
    const name = backupName('uid-one', uidOf(pvc));
    const controller = capture('one', name);
    const output = await (await begin()).execute(backupAction, backup, pvc);
    await controller;

    const id = `one/${name}`;
    expect(output.operationID).toBe(id);
    expect(output.postOperationItems).toEqual([
      { Group: 'oadp.openshift.io', Resource: 'datamoverbackups', Namespace: 'one', Name: name },
    ]);
    expect(output.item.metadata.annotations).toEqual({ [annotations.movedBy]: id });
    const request = await kube.get(dataMoverBackups, { namespace: 'one', name });
    expect(request?.spec).toEqual({
      dataMoverClass: 'standard',
      dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' },
      installation: 'velero',
    });
    expect(request?.metadata).toMatchObject({
      labels: { [labels.veleroBackupName]: 'daily', [labels.veleroBackupUid]: 'uid-one' },
      annotations: { [annotations.veleroBackup]: 'daily' },
    });
    // As Velero prints it, with the item that it is about.
    expect(session.logs()).toContainEqual(
      expect.objectContaining({
        level: 'info',
        msg: 'the data mover backs up the data',
        namespace: 'one',
        name: 'data',
        dataMoverClass: 'standard',
        pluginName: 'velero-plugin-for-datamover',
      }),
    );
  });

  it('leaves a Block volume to Velero, with a warning, if the default class cannot move it', async () => {
    const capabilities = { volumeModes: ['Filesystem'], accessModes: ['ReadWriteOnce'] };
    const status = { subresource: 'status' } as const;
    await kube.mergePatch(dataMoverClasses, { name: 'standard' }, { status: { capabilities } }, status);
    const pvc = claim('raw', 'raw', { spec: { volumeMode: 'Block' } });
    const output = await (await begin()).execute(backupAction, veleroBackup(), pvc);
    expect(output).toMatchObject({ operationID: '', additionalItems: null });
    expect(output.item.metadata).not.toHaveProperty('annotations');
    expect(session.logs()).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        msg: 'no DataMoverClass takes PersistentVolumeClaim raw/raw: standard: its volumeMode is Block, which mover VolSync cannot move; its data is not moved',
      }),
    );
    const requests = await all(kube.list(dataMoverBackups));
    expect(requests.filter(({ metadata }) => metadata.namespace === 'raw')).toEqual([]);
  });

  it('starts the captures of the namespace side by side', async () => {
    const names = ['a', 'b', 'c'];
    const claims = [];
    for (const name of names) claims.push(await createClaim('many', name));
    const backup = veleroBackup({ uid: 'uid-many' });
    const [first] = claims;
    const controller = capture('many', backupName('uid-many', uidOf(first!)));
    await (await begin()).execute(backupAction, backup, first);
    await controller;
    const requests = await all(kube.list(dataMoverBackups, { namespace: 'many' }));
    expect(requests.map(({ spec }) => spec.dataSourceRef.name).sort()).toEqual(names);
  });

  it('starts only what lies in the same hook window when there are hooks', async () => {
    for (const name of ['db', 'log', 'other']) await createClaim('hooked', name);
    await kube.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'db-0',
        namespace: 'hooked',
        annotations: { 'pre.hook.backup.velero.io/command': '["/freeze"]' },
      },
      spec: {
        containers: [{ name: 'db', image: 'db' } as { name: string }],
        volumes: ['db', 'log'].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
      },
    });
    const db = await kube.get(persistentVolumeClaims, { namespace: 'hooked', name: 'db' });
    const controller = capture('hooked', backupName('uid-hooked', uidOf(db!)));
    await (await begin()).execute(backupAction, veleroBackup({ uid: 'uid-hooked' }), db);
    await controller;
    const requests = await all(kube.list(dataMoverBackups, { namespace: 'hooked' }));
    expect(requests.map(({ spec }) => spec.dataSourceRef.name).sort()).toEqual(['db', 'log']);
  });

  it('obeys its volume policies and logs the one that applied', async () => {
    await kube.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'policies', namespace: 'velero' },
      data: {
        'policies.yaml':
          'version: v1\nvolumePolicies:\n- conditions:\n    pvcLabels: {tier: scratch}\n  action: {type: skip}\n',
      },
    });
    const backup = veleroBackup({
      uid: 'uid-policies',
      spec: { resourcePolicy: { kind: 'configmap', name: 'policies' } },
    });
    const pvc = await createClaim('policies', 'cache', { tier: 'scratch' });
    const output = await (await begin()).execute(backupAction, backup, pvc);
    expect(output).toMatchObject({ operationID: '', item: pvc });
    expect(await all(kube.list(dataMoverBackups, { namespace: 'policies' }))).toEqual([]);
    expect(session.logs()).toContainEqual(
      expect.objectContaining({
        level: 'info',
        msg: expect.stringContaining('volumePolicies[0] in ConfigMap velero/policies has action skip'),
        namespace: 'policies',
        name: 'cache',
      }),
    );
  });

  it('creates a request also if its name has 200 characters', async () => {
    const pvc = await createClaim('long', 'data');
    const backup = veleroBackup({ uid: 'uid-long', name: 'b'.repeat(200) });
    const name = backupName('uid-long', uidOf(pvc));
    const controller = capture('long', name);
    const output = await (await begin()).execute(backupAction, backup, pvc);
    await controller;
    expect(output.operationID).toBe(`long/${name}`);
    const request = await kube.get(dataMoverBackups, { namespace: 'long', name });
    expect(request?.metadata.labels?.[labels.veleroBackupName]).toHaveLength(63);
    expect(request?.metadata.annotations?.[annotations.veleroBackup]).toBe('b'.repeat(200));
  });

  it('puts the claims of one pod into one block', async () => {
    const pvc = await kube.get(persistentVolumeClaims, { namespace: 'hooked', name: 'db' });
    const related = await (await begin()).relatedItems(blockAction, veleroBackup(), pvc);
    expect(related).toEqual([
      { Group: '', Resource: 'persistentvolumeclaims', Namespace: 'hooked', Name: 'log' },
    ]);
  });

  it('continues with a warning and cancels the request if the capture takes too long', async () => {
    const pvc = await createClaim('slow', 'data');
    const backup = veleroBackup({ uid: 'uid-slow', spec: { csiSnapshotTimeout: '1s' } });
    const { operationID } = await (await begin()).execute(backupAction, backup, pvc);
    const name = backupName('uid-slow', uidOf(pvc));
    expect(operationID).toBe(`slow/${name}`);
    expect((await kube.get(dataMoverBackups, { namespace: 'slow', name }))?.spec.cancel).toBe(true);
    expect(session.logs()).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        msg: expect.stringContaining('not captured within 1 s'),
        namespace: 'slow',
      }),
    );
    expect(await session.close()).toMatchObject({ warnings: 1, errors: 0 });
    await begin();
  });

  it('marks the volume of a moved claim', async () => {
    const pvc = await createClaim('pv', 'data');
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv-data' },
      spec: { claimRef: { namespace: 'pv', name: 'data', uid: uidOf(pvc) } },
    };
    const output = await (await begin()).execute(backupAction, veleroBackup({ uid: 'uid-pv' }), volume);
    expect(output.item.metadata.annotations).toEqual({
      [annotations.movedBy]: `pv/${backupName('uid-pv', uidOf(pvc))}`,
    });
    expect(output.operationID).toBe('');
    expect(await all(kube.list(dataMoverBackups, { namespace: 'pv' }))).toEqual([]);
  });

  it('touches nothing in the finalizing pass', async () => {
    const pvc = await createClaim('final', 'data');
    const backup = veleroBackup({ uid: 'uid-final', status: { phase: 'FinalizingPartiallyFailed' } });
    const output = await (await begin()).execute(backupAction, backup, pvc);
    expect(output).toMatchObject({ operationID: '', postOperationItems: null, item: pvc });
    expect(await all(kube.list(dataMoverBackups, { namespace: 'final' }))).toEqual([]);
  });

  it('receives the progress and the outcome of the move, and can cancel it', async () => {
    const key = {
      namespace: 'one',
      name: (await all(kube.list(dataMoverBackups, { namespace: 'one' })))[0]!.metadata.name,
    };
    const id = `${key.namespace}/${key.name}`;
    const ask = async () => session.progress(backupAction, veleroBackup(), id);
    await begin();

    await setStatus(key, {
      phase: 'Moving',
      startTimestamp: '2026-01-01T00:00:05Z',
      progress: { bytesDone: 1_288_490_189, totalBytes: 3_650_722_202, updatedAt: '2026-01-01T00:01:00Z' },
    });
    expect(await ask()).toEqual({
      Completed: false,
      Err: '',
      NCompleted: 1_288_490_189,
      NTotal: 3_650_722_202,
      OperationUnits: 'Bytes',
      Description: 'uploading 1.2 of 3.4 GiB',
      Started: '2026-01-01T00:00:05Z',
      Updated: '2026-01-01T00:01:00Z',
    });

    await session.cancel(backupAction, veleroBackup(), id);
    expect((await kube.get(dataMoverBackups, key))?.spec.cancel).toBe(true);
    await setStatus(key, { phase: 'Canceled', message: 'canceled by request' });
    expect(await ask()).toMatchObject({ Completed: true, Err: 'Canceled: canceled by request' });

    await kube.delete(dataMoverBackups, key);
    expect(await ask()).toMatchObject({ Completed: true, Err: expect.stringContaining('no longer exists') });
    await session.cancel(backupAction, veleroBackup(), id);
  });

  it('fails an item that several classes select, and warns about one that no class selects', async () => {
    await createClass('fast', { selector: 'tier' });
    await createClass('cheap', { selector: 'cost' });
    const both = await createClaim('classes', 'both', { tier: 'x', cost: 'y' });
    const executing = (await begin()).execute(backupAction, veleroBackup(), both);
    await expect(executing).rejects.toThrow(/selected by 2 DataMoverClasses \(cheap, fast\)/);

    await kube.delete(dataMoverClasses, { name: 'standard' });
    await session.close();
    const none = await createClaim('classes', 'none');
    const { operationID } = await (await begin()).execute(backupAction, veleroBackup(), none);
    expect(operationID).toBe('');
    expect(session.logs()).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        msg: expect.stringContaining('no DataMoverClass selects'),
      }),
    );
  });
});

describe('a restore', () => {
  const movedBy = 'app/dmb-1';
  const mark = { annotations: { [annotations.movedBy]: movedBy } };
  const target = { namespace: 'restored', name: 'data' };
  const request = { namespace: target.namespace, name: restoreName('restore-uid', 'restored', 'data') };
  const mapped = veleroRestore({ spec: { namespaceMapping: { app: 'restored' } } });

  beforeAll(async () => {
    await switchTo('true');
    await createNamespace(kube, 'restored');
  });

  it('restores a moved claim without its volume, and requests its data', async () => {
    const item = `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"app","annotations":{"${annotations.movedBy}":"${movedBy}","pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"pv-data","exact":9007199254740993,"dataSource":{"kind":"X","name":"x"}}}`;
    const output = await (await begin()).execute(restoreAction, mapped, item);
    expect(output.additionalItems).toEqual([
      { Group: 'oadp.openshift.io', Resource: 'datamoverbackups', Namespace: 'app', Name: 'dmb-1' },
    ]);
    expect(output.operationID).toBe(`${request.namespace}/${request.name}`);
    expect(output.item.metadata).toEqual({
      name: 'data',
      namespace: 'app',
      labels: { [labels.restoredBy]: request.name },
    });
    expect(output.item.spec).toEqual({
      exact: 9007199254740993n,
      selector: { matchLabels: { [labels.restoredBy]: request.name } },
    });
    const created = await kube.get(dataMoverRestores, request);
    expect(created?.spec).toEqual({ destinationClaimRef: target, installation: 'velero' });
    expect(created?.metadata.labels).toMatchObject({
      [labels.veleroRestoreName]: 'again',
      [labels.veleroBackupName]: 'daily',
      [labels.veleroExclude]: 'true',
    });
    expect(await session.progress(restoreAction, mapped, output.operationID)).toMatchObject({
      Completed: false,
      Description: 'waiting for the data mover controller',
    });
  });

  it('sets the source of the request from the record only once, and restores no record', async () => {
    const record = storedRecord('dmb-1', 'daily');
    const result = { mover: 'VolSync', repository: 'a/b/c', snapshotID: 'abc' };
    await begin();
    for (const snapshotID of ['abc', 'later']) {
      const fromBackup = { ...record, status: { ...record.status, result: { ...result, snapshotID } } };
      const output = await session.execute(
        recordAction,
        mapped,
        { ...record, status: undefined },
        fromBackup,
      );
      expect(output.skipRestore).toBe(true);
    }
    expect((await kube.get(dataMoverRestores, request))?.spec.source).toEqual({
      backupName: 'dmb-1',
      backupNamespace: 'app',
      dataMoverClass: 'standard',
      result,
      volume: record.status!.volume,
    });
  });

  it('takes nothing from records of other backups', async () => {
    const output = await (await begin()).execute(recordAction, mapped, storedRecord('dmb-0', 'yesterday'));
    expect(output.skipRestore).toBe(true);
  });

  it('fails with the flag to add when its filters leave the records out', async () => {
    const only = veleroRestore({ spec: { includedResources: ['persistentvolumeclaims'] } });
    const executing = (await begin()).execute(restoreAction, only, claim('app', 'new', { metadata: mark }));
    await expect(executing).rejects.toThrow('add datamoverbackups.oadp.openshift.io to --include-resources');
  });

  it('skips VolumeSnapshots of moved data, and restores others unchanged', async () => {
    const snapshot = {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'velero-data', namespace: 'app' },
      spec: { source: {} },
    };
    const marked = { ...snapshot, metadata: { ...snapshot.metadata, ...mark } };
    await begin();
    expect((await session.execute(restoreAction, mapped, snapshot, marked)).skipRestore).toBe(true);
    expect(await session.execute(restoreAction, mapped, snapshot)).toMatchObject({
      skipRestore: false,
      item: snapshot,
    });
  });

  it('of a moved volume does nothing, of one that was not moved too', async () => {
    const volume = { apiVersion: 'v1', kind: 'PersistentVolume', spec: {} };
    await begin();
    const moved = { ...volume, metadata: { name: 'pv', ...mark } };
    expect((await session.execute(restoreAction, mapped, moved)).skipRestore).toBe(true);
    const plain = { ...volume, metadata: { name: 'pv' } };
    expect(await session.execute(restoreAction, mapped, plain)).toMatchObject({
      skipRestore: false,
      item: plain,
    });
  });

  it('leaves a claim alone that exists already, and warns', async () => {
    await createClaim('there', 'data');
    const item = claim('there', 'data', { metadata: mark });
    const output = await (await begin()).execute(restoreAction, veleroRestore(), item);
    expect(output.operationID).toBe('');
    expect(output.item.metadata).not.toHaveProperty('annotations');
    expect(session.logs()).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        msg: expect.stringContaining('PersistentVolumeClaim there/data already exists'),
      }),
    );
    expect(await all(kube.list(dataMoverRestores, { namespace: 'there' }))).toEqual([]);
  });
});

describe('the deletion of a backup', () => {
  const result = { mover: 'VolSync', repository: 'a/b/c', snapshotID: 'abc' };
  const record = (name: string, veleroBackupName: string): DataMoverBackup => {
    const stored = storedRecord(name, veleroBackupName);
    return { ...stored, status: { ...stored.status, result } };
  };
  const requests = async () => all(kube.list(dataMoverDeletes, { namespace: 'velero' }));

  it('requests the removal of the data of its own records only once', async () => {
    await begin();
    expect(await session.appliesTo(deleteAction)).toMatchObject({
      IncludedResources: ['datamoverbackups.oadp.openshift.io', 'persistentvolumeclaims', 'namespaces'],
    });
    for (const one of [record('dmb-1', 'daily'), record('dmb-1', 'daily'), record('dmb-0', 'yesterday')])
      await session.remove(deleteAction, veleroBackup(), one);
    await session.remove(deleteAction, veleroBackup(), storedRecord('dmb-2', 'daily'));
    expect((await requests()).map(({ spec }) => spec)).toEqual([
      { dataMoverClass: 'standard', backupName: 'dmb-1', backupNamespace: 'app', result },
    ]);
  });

  it('fails if the removal cannot be requested', async () => {
    const elsewhere = veleroBackup({ namespace: 'not-there' });
    await begin();
    await expect(session.remove(deleteAction, elsewhere, record('dmb-1', 'daily'))).rejects.toThrow(
      /snapshot abc remains in repository a\/b\/c: .*namespaces "not-there" not found/,
    );
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function uidOf(object: { metadata: { uid?: string } }): string {
  return object.metadata.uid ?? '';
}

/** Sets the plugin's ConfigMap in the protected namespace. */
async function switchTo(enable: string): Promise<void> {
  await kube.apply<ConfigMap>(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'data-mover',
      namespace: 'velero',
      labels: { [pluginConfig.label]: '', [pluginConfig.name]: 'BackupItemActionV2' },
    },
    data: { enable },
  });
}

async function createClass(name: string, how: { default?: boolean; selector?: string }): Promise<void> {
  const object = {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata: { name, annotations: how.default === true ? { [annotations.defaultClass]: 'true' } : {} },
    spec: { mover: 'VolSync', ...(how.selector === undefined ? {} : { selector: how.selector }) },
  };
  await kube.create(dataMoverClasses, object as unknown as DataMoverClass);
}

/** Creates a bound claim in a namespace of its own. */
async function createClaim(
  namespace: string,
  name: string,
  own: Record<string, string> = {},
): Promise<PersistentVolumeClaim> {
  await createNamespace(kube, namespace).catch(() => undefined);
  const { status, ...object } = claim(namespace, name, { metadata: { uid: undefined, labels: own } });
  await kube.create(persistentVolumeClaims, object);
  return kube.mergePatch(persistentVolumeClaims, { namespace, name }, { status }, { subresource: 'status' });
}

async function setStatus(
  key: { namespace: string; name: string },
  status: NonNullable<DataMoverBackup['status']>,
): Promise<void> {
  await kube.mergePatch(dataMoverBackups, key, { status }, { subresource: 'status' });
}

/** Acts as the controller for one request: captures its source as soon as it appears. */
async function capture(namespace: string, name: string): Promise<void> {
  const { resourceVersion } = await kube.listPage(dataMoverBackups, { namespace });
  const watch = { namespace, resourceVersion, timeoutSeconds: 60, idleTimeoutMs: 60_000 };
  for await (const { object } of kube.watch(dataMoverBackups, watch)) {
    if (object.metadata.name !== name) continue;
    await setStatus(
      { namespace, name },
      { phase: 'Queued', capture: { consistency: 'PointInTime', time: CAPTURED_AT } },
    );
    return;
  }
}

/** Returns a finished DataMoverBackup as it is stored in a backup. */
function storedRecord(name: string, veleroBackupName: string): DataMoverBackup {
  return {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverBackup',
    metadata: { name, namespace: 'app', labels: { [labels.veleroBackupName]: veleroBackupName } },
    spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
    status: {
      phase: 'Completed',
      dataMoverClass: 'standard',
      volume: {
        pvcName: 'data',
        namespace: 'app',
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        capacity: '1Gi',
      },
    },
  };
}
