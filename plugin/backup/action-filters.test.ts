import { describe, expect, it } from '@jest/globals';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type ConfigMap,
} from '../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { dataUploads, type DataUpload } from '../../api/velero/v1.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { aBackup, aClaim, aPod, aSnapshot, aVolume } from '../../tests/fakes/velero-objects.ts';
import { setUp } from '../../tests/fakes/backup-action.ts';

describe("an annotation in which Velero's CSI support notes its work", () => {
  const moving = aBackup({ snapshotMoveData: true });
  const upload = (spec: DataUpload['spec'] = {}, uid = 'backup-uid'): DataUpload => ({
    apiVersion: 'velero.io/v2alpha1',
    kind: 'DataUpload',
    metadata: { name: 'du-1', namespace: 'velero', labels: { 'velero.io/backup-uid': uid } },
    spec: { sourceNamespace: 'app', sourcePVC: 'data', ...spec },
  });
  const claimWith = (key: string, value: string) => aClaim('data', { annotations: { [key]: value } });
  const toUpload = claimWith('velero.io/data-upload-name', 'velero/du-1');
  const toSnapshot = claimWith('velero.io/volume-snapshot-name', 'velero-data');

  it('leaves the claim to the DataUpload of this backup and this claim', async () => {
    const { execute, kube, lines } = setUp({ csiEnabled: true });
    kube.seed(dataUploads, upload());
    expect(await execute(toUpload, moving)).toEqual({});
    expect(lines[0]?.message).toContain('DataUpload velero/du-1');
  });

  it.each([
    ['the DataUpload does not exist', moving, true, []],
    ['the DataUpload is that of another backup', moving, true, [upload({}, 'another')]],
    ['the DataUpload is that of another claim', moving, true, [upload({ sourcePVC: 'b' })]],
    ['the DataUpload is that of another namespace', moving, true, [upload({ sourceNamespace: 'b' })]],
    ['the backup does not ask Velero to move data', aBackup(), true, [upload()]],
    ["Velero's CSI support is off", moving, false, [upload()]],
  ])('does not keep the claim from being moved when %s', async (_, backup, csiEnabled, uploads) => {
    const { execute, kube } = setUp({ csiEnabled });
    for (const one of uploads) kube.seed(dataUploads, one);
    const output = await execute(toUpload, backup);
    expect(output).toHaveProperty('operationID');
    expect(String(output.item)).not.toContain('data-upload-name');
  });

  it.each([
    ['does not exist', true, []],
    ['is that of another backup', true, [aSnapshot('data', { labels: { 'velero.io/backup-name': 'old' } })]],
    [
      'is that of an earlier backup of the same name',
      true,
      [aSnapshot('data', { labels: { 'velero.io/backup-name': 'daily', 'velero.io/backup-uid': 'old' } })],
    ],
    ['is that of a user', true, [aSnapshot('data', { labels: {} })]],
    [
      'is that of another claim',
      true,
      [{ ...aSnapshot(), spec: { source: { persistentVolumeClaimName: 'b' } } }],
    ],
    ["cannot be Velero's, whose CSI support is off", false, [aSnapshot()]],
  ])(
    'is ignored, and the claim itself is the source, if its snapshot %s',
    async (_, csiEnabled, snapshots) => {
      const { execute, kube } = setUp({ csiEnabled });
      for (const one of snapshots) kube.seed(volumeSnapshots, one);
      const output = await execute(toSnapshot);
      expect(String(output.item)).not.toContain('volume-snapshot-name');
      expect(kube.peekAll(dataMoverBackups)[0]?.spec.dataSourceRef).toEqual({
        kind: 'PersistentVolumeClaim',
        name: 'data',
      });
    },
  );

  it.each(['', '/', 'velero/', '../secrets/s', 'UPPER', 'a b', 'x'.repeat(300)])(
    'costs no call when it is %j',
    async (value) => {
      for (const key of ['velero.io/data-upload-name', 'velero.io/volume-snapshot-name']) {
        const { execute, kube } = setUp({ csiEnabled: true });
        expect(await execute(claimWith(key, value), moving)).toHaveProperty('operationID');
        const asked = kube.calls.filter(({ kind }) => ['DataUpload', 'VolumeSnapshot'].includes(kind.kind));
        expect(asked).toEqual([]);
      }
    },
  );

  it('decides nothing about a claim that is captured ahead of its turn', async () => {
    const { execute, kube } = setUp();
    kube.seed(persistentVolumeClaims, aClaim());
    const stale = { 'velero.io/volume-snapshot-name': 'gone', 'velero.io/data-upload-name': 'velero/gone' };
    kube.seed(persistentVolumeClaims, aClaim('b', { annotations: stale }));
    await execute(aClaim());
    expect(kube.peekAll(dataMoverBackups).map(({ spec }) => spec.dataSourceRef)).toEqual([
      { kind: 'PersistentVolumeClaim', name: 'data' },
      { kind: 'PersistentVolumeClaim', name: 'b' },
    ]);
  });
});

describe('a claim that no filter of the backup takes', () => {
  const app = { labels: { app: 'shop' } };
  const backup = aBackup({
    labelSelector: { matchLabels: { app: 'shop' } },
    resourcePolicy: { kind: 'configmap', name: 'policies' },
  });

  async function startedBeside(policies: string): Promise<string[]> {
    const { execute, kube } = setUp();
    kube.seed<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'policies', namespace: 'velero' },
      data: { policies: `version: v1\n${policies}` },
    });
    for (const claim of [aClaim('data', app), aClaim('b', app), aClaim('of-pod')])
      kube.seed(persistentVolumeClaims, claim);
    kube.seed(pods, aPod('p', ['of-pod'], app));
    await execute(aClaim('data', app), backup);
    return kube.peekAll(dataMoverBackups).map(({ spec }) => spec.dataSourceRef.name);
  }

  it('is captured ahead if no policy filters', async () => {
    expect(await startedBeside('volumePolicies: []\n')).toEqual(['data', 'b', 'of-pod']);
  });

  it('is not captured ahead when a policy leaves out the pods that bring it along', async () => {
    const policies = 'includeExcludePolicy: {excludedNamespaceScopedResources: [pods]}\n';
    expect(await startedBeside(policies)).toEqual(['data', 'b']);
  });

  it('is not captured ahead when a policy filters single namespaces', async () => {
    const policies = 'namespacedFilterPolicies: [{namespaces: [app], resourceFilters: []}]\n';
    expect(await startedBeside(policies)).toEqual(['data']);
  });
});

describe('a claim of a backup with volume policies', () => {
  const backup = aBackup({ resourcePolicy: { kind: 'configmap', name: 'policies' } });
  const rules =
    'version: v1\nvolumePolicies:\n- conditions: {storageClass: [scratch]}\n  action: {type: skip}\n';

  function withPolicies(storageClassName: string) {
    const setup = setUp();
    setup.kube.seed<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'policies', namespace: 'velero' },
      data: { policies: rules },
    });
    const volume = aVolume();
    setup.kube.seed(persistentVolumes, { ...volume, spec: { ...volume.spec, storageClassName } });
    setup.kube.seed(persistentVolumeClaims, aClaim());
    return setup;
  }

  it('stays when they rule it out by its volume, with the reason in the log, and its volume too', async () => {
    const { execute, lines, kube } = withPolicies('scratch');
    expect(await execute(aClaim(), backup)).toEqual({});
    expect(lines).toEqual([
      {
        level: 'info',
        message:
          'volumePolicies[0] in ConfigMap velero/policies has action skip: the data of PersistentVolumeClaim app/data is not moved',
        fields: { resource: 'persistentvolumeclaims', namespace: 'app', name: 'data' },
      },
    ]);
    const [volume] = kube.peekAll(persistentVolumes);
    expect(await execute(volume!, backup)).toEqual({});
    expect(kube.writeCalls()).toEqual([]);
  });

  it('is moved if none of them matches it, and they are read once', async () => {
    const { execute, kube } = withPolicies('gp2');
    kube.seed(persistentVolumeClaims, aClaim('b'));
    expect(await execute(aClaim(), backup)).toHaveProperty('operationID');
    await execute(aClaim('b'), backup);
    const reads = kube.calls.filter(({ verb, key }) => verb === 'get' && key?.name === 'policies');
    expect(reads).toHaveLength(1);
  });

  it('obeys those that Velero adds to every backup if its own do not match', async () => {
    const { execute, kube, lines } = withPolicies('gp2');
    kube.seed<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'global', namespace: 'velero' },
      data: { policies: 'version: v1\nvolumePolicies:\n- action: {type: skip}\n' },
    });
    const annotated = aBackup();
    annotated.metadata.annotations = { 'velero.io/global-backup-volume-policy-configmap': 'global' };
    expect(await execute(aClaim(), annotated)).toEqual({});
    const both = { ...annotated, spec: backup.spec };
    expect(await execute(aClaim(), both)).toEqual({});
    expect(lines.map(({ message }) => message)).toEqual([
      expect.stringContaining('volumePolicies[0] in ConfigMap velero/global has action skip'),
      expect.stringContaining('volumePolicies[0] in ConfigMap velero/global has action skip'),
    ]);
  });

  it('obeys its own before those that Velero adds', async () => {
    const { execute, kube, lines } = withPolicies('scratch');
    kube.seed<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'global', namespace: 'velero' },
      data: { policies: 'version: v1\nvolumePolicies:\n- action: {type: snapshot}\n' },
    });
    const both = structuredClone(backup);
    both.metadata.annotations = { 'velero.io/global-backup-volume-policy-configmap': 'global' };
    expect(await execute(aClaim(), both)).toEqual({});
    expect(lines[0]?.message).toContain('volumePolicies[0] in ConfigMap velero/policies has action skip');
  });

  it('is not left to a file-system backup when they leave its pods out', async () => {
    const { execute, kube } = setUp();
    kube.seed(pods, aPod('p', ['data']));
    kube.seed<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'policies', namespace: 'velero' },
      data: { p: 'version: v1\nincludeExcludePolicy: {excludedNamespaceScopedResources: [pods]}\n' },
    });
    const taking = aBackup({ ...backup.spec, defaultVolumesToFsBackup: true });
    expect(await execute(aClaim(), taking)).toHaveProperty('operationID');
  });

  it('is left to a file-system backup, with a warning, if they contain unsupported filters', async () => {
    const { execute, kube, lines } = setUp();
    kube.seed(pods, aPod('p', ['data']));
    kube.seed<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'policies', namespace: 'velero' },
      data: {
        p: 'version: v1\nnamespacedFilterPolicies: [{namespaces: [app], resourceFilters: [{kinds: [Pod]}]}]\n',
      },
    });
    await execute(aClaim(), aBackup({ ...backup.spec, defaultVolumesToFsBackup: true }));
    expect(lines).toMatchObject([
      { level: 'warn', message: expect.stringContaining('namespacedFilterPolicies') },
    ]);
  });

  it('is judged without a volume while it is not bound to it, as in Velero', async () => {
    const { execute, lines } = withPolicies('scratch');
    await execute({ ...aClaim(), status: { phase: 'Pending' } } as Resource, backup);
    expect(lines[0]?.message).toContain('is Pending, there is no data to move');
  });

  it('fails when they cannot be read', async () => {
    const { execute } = setUp();
    await expect(execute(aClaim(), backup)).rejects.toThrow('ConfigMap velero/policies, which');
  });
});
