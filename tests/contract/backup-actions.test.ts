import { beforeAll, describe, expect, it } from '@jest/globals';
import { configMaps, persistentVolumeClaims, pods } from '../../api/kubernetes/core.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { backupName } from '../../api/datamover/v1alpha1/names.ts';
import { backupAction, blockAction, claim, restoreAction, veleroBackup, veleroRestore } from './objects.ts';
import {
  all,
  begin,
  capture,
  createClaim,
  createClass,
  kube,
  session,
  setStatus,
  switchTo,
  uidOf,
  useActions,
} from './actions-fixture.ts';

/** The actions of a backup, from Velero's client through the built executable to a real API server with our kinds. */

useActions();

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
    const executing = (await begin()).execute(restoreAction, veleroRestore(), moved);
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
