import { beforeAll, describe, expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { restoreName } from '../../api/datamover/v1alpha1/names.ts';
import { createNamespace } from './cluster.ts';
import { claim, deleteAction, recordAction, restoreAction, veleroBackup, veleroRestore } from './objects.ts';
import {
  all,
  begin,
  createClaim,
  kube,
  session,
  storedRecord,
  switchTo,
  useActions,
} from './actions-fixture.ts';

/** The actions of a restore and of a deletion, from Velero's client through the built executable to a real API server. */

useActions();

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
