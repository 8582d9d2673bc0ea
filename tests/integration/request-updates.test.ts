import { describe, expect, it } from '@jest/globals';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import {
  NAMESPACE,
  RESULT,
  client,
  useCrds,
  create,
  change,
  refusal,
  claim,
  getJson,
} from './crd-fixture.ts';

/** What users may change in the spec of a request after its creation. */

useCrds();

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
