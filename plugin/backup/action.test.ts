import { describe, expect, it } from '@jest/globals';
import { createFakeClock, settle } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type ConfigMap,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { dataUploads, type DataUpload } from '../../api/velero/v1.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { annotations, labels, pluginConfig } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { backupName, childName } from '../../api/datamover/v1alpha1/names.ts';
import { labelValue } from '../../api/kubernetes/names.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { createClusterReader } from '../cluster-reader.ts';
import { createBackupAction } from './action.ts';
import { desiredBackup } from './desired-backup.ts';
import {
  aBackup,
  aClaim,
  aClass,
  aContent,
  aPod,
  aSnapshot,
  aVolume,
  recordingLog,
} from '../../tests/fakes/velero-objects.ts';

const capture = { consistency: 'PointInTime', time: '2026-01-01T00:00:00Z' } as const;
const nameOf = (claim: string) => backupName('backup-uid', `uid-${claim}`);

/** A cluster with the mover enabled and one class; `status` is the status of every new request. */
function setUp(options: { csiEnabled?: boolean; enable?: string; status?: DataMoverBackupStatus } = {}) {
  const clock = createFakeClock();
  const status = options.status ?? { phase: 'Queued', capture };
  const kube = new FakeKube({
    clock,
    admit: (kind, object, before) =>
      kind.plural === dataMoverBackups.plural && before === undefined
        ? ({ ...object, status } as Resource)
        : object,
  });
  const { log, lines } = recordingLog();
  const { signal } = new AbortController();
  kube.seed<ConfigMap>(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'on',
      namespace: 'velero',
      labels: { [pluginConfig.label]: '', [pluginConfig.name]: '' },
    },
    data: { enable: options.enable ?? 'true' },
  });
  kube.seed(dataMoverClasses, aClass('standard', { default: true }));
  /** A plugin process: Velero has one for the items of a backup, and another for its end. */
  const startProcess = () => {
    const cluster = createClusterReader({ clock, connect: () => Promise.resolve(kube.client('plugin')) });
    const action = createBackupAction({ cluster, csiEnabled: options.csiEnabled ?? false });
    const execute = (object: Resource, backup = aBackup()) =>
      action.execute({ item: Buffer.from(JSON.stringify(object)), backup }, { log, signal });
    return { action, execute };
  };
  const turn = async (enable: 'true' | 'false') => {
    await kube
      .client('user')
      .mergePatch(configMaps, { namespace: 'velero', name: 'on' }, { data: { enable } });
  };
  const requested = () =>
    kube.peekAll(dataMoverBackups).map(({ spec }: DataMoverBackup) => spec.dataSourceRef.name);
  return { kube, clock, lines, ...startProcess(), startProcess, turn, requested };
}

describe('a claim', () => {
  it('whose source is captured comes back marked, with its operation', async () => {
    const { execute, kube, lines } = setUp();
    const id = `app/${nameOf('data')}`;
    const output = await execute(aClaim());
    expect(JSON.parse(String(output.item))).toEqual(
      aClaim('data', { annotations: { [annotations.movedBy]: id } }),
    );
    expect(output).toMatchObject({
      operationID: id,
      postOperationItems: [
        { group: 'oadp.openshift.io', resource: 'datamoverbackups', namespace: 'app', name: nameOf('data') },
      ],
    });
    expect(output).not.toHaveProperty('additionalItems');
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'the data mover backs up the data'],
      ['info', 'the source is captured'],
    ]);
    // These fields connect its lines with those of the controller.
    const made = kube.peekAll(dataMoverBackups)[0]?.metadata;
    const traceID = made?.annotations?.[annotations.traceparent]?.split('-')[1];
    for (const { fields } of lines) expect(fields).toMatchObject({ requestUID: made?.uid, traceID });
    expect(lines[0]?.fields).toMatchObject({
      resource: 'persistentvolumeclaims',
      namespace: 'app',
      name: 'data',
      dataMoverClass: 'standard',
      chosenBy: 'default',
    });
  });

  it('loses, where it is stored, the mark of the snapshot that is its source', async () => {
    const { execute, kube } = setUp({ csiEnabled: true });
    kube.seed(volumeSnapshots, aSnapshot());
    const snapshot = { 'velero.io/volume-snapshot-name': 'velero-data', keep: 'this' };
    const label = { 'velero.io/volume-snapshot-name': 'velero-data' };
    const output = await execute(aClaim('data', { annotations: snapshot, labels: label }));
    expect(JSON.parse(String(output.item))).toMatchObject({
      metadata: { annotations: { keep: 'this', [annotations.movedBy]: `app/${nameOf('data')}` } },
    });
    expect(String(output.item)).not.toContain('volume-snapshot-name');
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.dataSourceRef.kind).toBe('VolumeSnapshot');
  });

  it('whose capture failed is stored, too, with a warning: the operation will tell', async () => {
    const { execute, lines } = setUp({
      status: { phase: 'Failed', failure: { reason: 'SnapshotFailed', message: 'no space' } },
    });
    expect(await execute(aClaim())).toMatchObject({ operationID: `app/${nameOf('data')}` });
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      message: `the source could not be captured: DataMoverBackup app/${nameOf('data')} ended with SnapshotFailed: no space`,
    });
  });

  it.each([
    ['30s', 30_000],
    [undefined, 600_000],
    ['nonsense', 600_000],
    ['0s', 600_000],
  ])('that is not captured within %p is canceled', async (csiSnapshotTimeout, ms) => {
    const { execute, lines, clock, kube } = setUp({ status: { phase: 'Capturing' } });
    const executing = execute(
      aClaim(),
      aBackup(csiSnapshotTimeout === undefined ? {} : { csiSnapshotTimeout }),
    );
    await clock.advance(ms - 1);
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.cancel).toBeUndefined();
    await clock.advance(1);
    expect(await executing).toMatchObject({ operationID: `app/${nameOf('data')}` });
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.cancel).toBe(true);
    expect(lines.at(-1)?.level).toBe('warn');
  });

  it('that is not captured in time is canceled although the API server falters', async () => {
    const { execute, clock, kube } = setUp({ status: { phase: 'Capturing' } });
    let failures = 2;
    kube.before = ({ verb }) => {
      if (verb === 'mergePatch' && failures-- > 0)
        throw new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'later' });
    };
    const executing = execute(aClaim());
    executing.catch(() => undefined);
    await clock.advance(600_000);
    await clock.advance(500);
    await clock.advance(1_000);
    expect(await executing).toMatchObject({ operationID: `app/${nameOf('data')}` });
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.cancel).toBe(true);
  });

  it('that is read while in use is moved with a warning', async () => {
    const live = { consistency: 'Live', time: capture.time } as const;
    const { execute, lines } = setUp({ status: { phase: 'Queued', capture: live } });
    await execute(aClaim());
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { consistency: 'Live' } });
  });

  it('is asked about once, however often it comes', async () => {
    const { execute, requested } = setUp();
    const first = await execute(aClaim());
    expect(await execute(aClaim())).toEqual(first);
    expect(requested()).toEqual(['data']);
  });

  it.each([
    ['the mover is off', { enable: 'false' }, aBackup()],
    ['the backup is finalizing', {}, aBackup({}, 'Finalizing')],
    ['the backup takes no snapshots', {}, aBackup({ snapshotVolumes: false })],
  ])('goes through untouched when %s', async (_, options, backup) => {
    const { execute, kube } = setUp(options);
    expect(await execute(aClaim(), backup)).toEqual({});
    expect(kube.writeCalls()).toEqual([]);
  });

  it('of a finalizing backup costs no call at all', async () => {
    const { execute, kube } = setUp();
    await execute(aClaim(), aBackup({}, 'Finalizing'));
    expect(kube.calls).toEqual([]);
  });
});

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
  ])('gives way to the claim itself as source when its snapshot %s', async (_, csiEnabled, snapshots) => {
    const { execute, kube } = setUp({ csiEnabled });
    for (const one of snapshots) kube.seed(volumeSnapshots, one);
    const output = await execute(toSnapshot);
    expect(String(output.item)).not.toContain('volume-snapshot-name');
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.dataSourceRef).toEqual({
      kind: 'PersistentVolumeClaim',
      name: 'data',
    });
  });

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

  it('is captured ahead where no policy filters', async () => {
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

  it('is moved when they say nothing about it; they are read once', async () => {
    const { execute, kube } = withPolicies('gp2');
    kube.seed(persistentVolumeClaims, aClaim('b'));
    expect(await execute(aClaim(), backup)).toHaveProperty('operationID');
    await execute(aClaim('b'), backup);
    const reads = kube.calls.filter(({ verb, key }) => verb === 'get' && key?.name === 'policies');
    expect(reads).toHaveLength(1);
  });

  it('obeys those that Velero adds to every backup where its own say nothing', async () => {
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

  it('is left to a file-system backup with a warning when they hold filters that are not read', async () => {
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

describe('a claim that no class takes', () => {
  /** The class of {@link setUp} with the status that its controller writes, for volumes of one driver. */
  function withClass(drivers?: string[]) {
    const setup = setUp();
    const standard = aClass('standard', { default: true });
    setup.kube.seed(dataMoverClasses, {
      ...standard,
      spec: { ...standard.spec, ...(drivers && { volumes: { drivers } }) },
      status: { capabilities: { volumeModes: ['Filesystem'], accessModes: ['ReadWriteOnce'] } },
    });
    return setup;
  }

  const leftMessage = (why: string) => ({
    level: 'warn',
    message: `no DataMoverClass takes PersistentVolumeClaim app/data: standard: ${why}; its data is not moved`,
    fields: { resource: 'persistentvolumeclaims', namespace: 'app', name: 'data' },
  });

  it('as its mover cannot move the mode goes through untouched, with a warning, and its volume too', async () => {
    const { execute, kube, lines } = withClass();
    const claim = aClaim();
    claim.spec.volumeMode = 'Block';
    kube.seed(persistentVolumeClaims, claim);
    expect(await execute(aVolume())).toEqual({});
    expect(await execute(claim)).toEqual({});
    expect(lines).toEqual([leftMessage('its volumeMode is Block, which mover VolSync cannot move')]);
    expect(kube.writeCalls()).toEqual([]);
  });

  it('as its driver is another one goes through untouched, with a warning, and its volume too', async () => {
    const { execute, kube, lines } = withClass(['csi.example.com']);
    const volume = aVolume();
    volume.spec.csi = { driver: 'other.example.com', volumeHandle: 'x' };
    kube.seed(persistentVolumeClaims, aClaim());
    kube.seed(persistentVolumes, volume);
    expect(await execute(volume)).toEqual({});
    expect(await execute(aClaim())).toEqual({});
    const why = 'its CSI driver is other.example.com, which spec.volumes.drivers of the class does not have';
    expect(lines).toEqual([leftMessage(why)]);
    expect(kube.writeCalls()).toEqual([]);
  });

  it('costs no read of its volume where no class looks at it', async () => {
    const { execute, kube } = withClass();
    await execute(aClaim());
    expect(kube.calls.filter(({ kind }) => kind.kind === 'PersistentVolume')).toEqual([]);
  });

  it('fails by name, with nothing made', async () => {
    const { execute, kube } = withClass(['csi.example.com']);
    kube.seed(persistentVolumes, aVolume());
    const named = aClaim('data', { annotations: { [annotations.className]: 'standard' } });
    await expect(execute(named)).rejects.toThrow(
      'DataMoverClass standard does not take it: no CSI driver provides it',
    );
    expect(kube.writeCalls()).toEqual([]);
  });
});

describe('a switch that is thrown while a backup runs', () => {
  it('counts from the next backup on: volume and claim are told apart by nothing that happens between them', async () => {
    const { execute, kube, startProcess, turn, clock } = setUp();
    kube.seed(persistentVolumeClaims, aClaim());
    expect(await execute(aVolume())).toHaveProperty('item');
    await turn('false');
    await clock.advance(60_000);
    expect(await execute(aClaim())).toHaveProperty('operationID');
    expect(await startProcess().execute(aClaim('b'))).toEqual({});
  });
});

describe('the other claims', () => {
  it('are asked about before the first one is waited for, once per backup', async () => {
    const { execute, kube, requested } = setUp();
    for (const name of ['data', 'b', 'c']) kube.seed(persistentVolumeClaims, aClaim(name));
    await execute(aClaim());
    expect(requested().sort()).toEqual(['b', 'c', 'data']);
    const listings = () =>
      kube.calls.filter(({ kind, verb }) => verb === 'list' && kind.kind === 'Pod').length;
    await execute(aClaim('b'));
    expect(listings()).toBe(1);
  });

  it('of another hook window wait for their turn', async () => {
    const { execute, kube, requested } = setUp();
    for (const name of ['data', 'b']) kube.seed(persistentVolumeClaims, aClaim(name));
    kube.seed(
      pods,
      aPod('p', ['b'], { annotations: { 'pre.hook.backup.velero.io/command': '["/freeze"]' } }),
    );
    await execute(aClaim());
    expect(requested()).toEqual(['data']);
  });

  it('are left alone where Velero takes the snapshots', async () => {
    const { execute, kube, requested } = setUp({ csiEnabled: true });
    kube.seed(persistentVolumeClaims, aClaim('b'));
    await execute(aClaim());
    expect(requested()).toEqual(['data']);
  });

  it('spoil nothing when they cannot be asked about', async () => {
    const { execute, kube, lines } = setUp();
    kube.seed(persistentVolumeClaims, aClaim('b'));
    kube.before = ({ kind, verb, key }) => {
      if (kind.kind === 'DataMoverBackup' && verb === 'create' && key?.name === nameOf('b'))
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not this one' });
    };
    expect(await execute(aClaim())).toHaveProperty('operationID');
    expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('are asked about while the first one is still being captured', async () => {
    const { execute, kube, requested, clock } = setUp({ status: { phase: 'Capturing' } });
    for (const name of ['data', 'b']) kube.seed(persistentVolumeClaims, aClaim(name));
    const executing = execute(aClaim());
    await settle();
    await settle();
    expect(requested().sort()).toEqual(['b', 'data']);
    await clock.advance(600_000);
    await executing;
  });
});

describe('a request for a claim that is not stored as moved', () => {
  const canceled = (kube: FakeKube, claim: string) =>
    kube.peek(dataMoverBackups, { namespace: 'app', name: nameOf(claim) })?.spec.cancel;

  it('is canceled when the visit fails after the request was made', async () => {
    const { execute, kube } = setUp({ status: { phase: 'Capturing' } });
    kube.before = ({ verb, kind }) => {
      if (verb === 'watch' && kind === dataMoverBackups)
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not you' });
    };
    await expect(execute(aClaim())).rejects.toThrow('not you');
    expect(canceled(kube, 'data')).toBe(true);
  });

  it('is not canceled in the place of a former one of its name', async () => {
    const { execute, kube } = setUp({ status: { phase: 'Capturing' } });
    const key = { namespace: 'app', name: nameOf('data') };
    kube.before = ({ verb, kind }) => {
      if (verb !== 'watch' || kind !== dataMoverBackups) return;
      const { uid: _, ...metadata } = kube.peek(dataMoverBackups, key)!.metadata;
      const other = { ...kube.peek(dataMoverBackups, key)!, metadata };
      kube.remove(dataMoverBackups, key);
      kube.seed(dataMoverBackups, other);
      throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not you' });
    };
    await expect(execute(aClaim())).rejects.toThrow('not you');
    expect(canceled(kube, 'data')).toBeUndefined();
  });

  it('is canceled when the answer to its creation was lost', async () => {
    const { execute, kube } = setUp();
    kube.after = ({ verb, kind }) => {
      if (verb === 'create' && kind === dataMoverBackups)
        throw new KubeError({ code: 400, reason: 'BadRequest', message: 'a proxy fell over' });
    };
    await expect(execute(aClaim())).rejects.toThrow('a proxy fell over');
    expect(canceled(kube, 'data')).toBe(true);
  });

  it('is canceled when it was made ahead and the claim is left out in its turn', async () => {
    const { execute, kube } = setUp();
    for (const claim of ['data', 'other']) kube.seed(persistentVolumeClaims, aClaim(claim));
    kube.seed(pods, aPod('web', ['data', 'other']));
    await execute(aClaim('data'));
    expect(canceled(kube, 'other')).toBeUndefined();
    const opted = aClaim('other', { annotations: { [annotations.dataMover]: 'false' } });
    expect(await execute(opted)).toEqual({});
    expect([canceled(kube, 'data'), canceled(kube, 'other')]).toEqual([undefined, true]);
  });

  it('is named in the log when it cannot be canceled, and the first error stands', async () => {
    const { execute, kube, lines } = setUp({ status: { phase: 'Capturing' } });
    kube.before = ({ verb, kind }) => {
      if (['watch', 'mergePatch'].includes(verb) && kind === dataMoverBackups)
        throw new KubeError({ code: 403, reason: 'Forbidden', message: `no ${verb}` });
    };
    await expect(execute(aClaim())).rejects.toThrow('no watch');
    expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: expect.stringContaining('could not be canceled') },
    ]);
  });
});

describe('a volume', () => {
  it('of a moved claim is marked; nothing is asked for', async () => {
    const { execute, kube } = setUp();
    kube.seed(persistentVolumeClaims, aClaim());
    const output = await execute(aVolume());
    expect(JSON.parse(String(output.item))).toEqual(
      aVolume('data', { annotations: { [annotations.movedBy]: `app/${nameOf('data')}` } }),
    );
    expect(output).not.toHaveProperty('operationID');
    expect(kube.writeCalls()).toEqual([]);
  });

  it.each([
    ['has no claim', { ...aVolume(), spec: {} }, aClaim()],
    ['has a claim that is gone', aVolume(), undefined],
    ['belonged to an earlier claim of that name', aVolume(), aClaim('data', { uid: 'another' })],
    [
      'has a claim that opts out',
      aVolume(),
      aClaim('data', { labels: { 'velero.io/exclude-from-backup': 'true' } }),
    ],
  ])('that %s goes through untouched', async (_, volume, pvc) => {
    const { execute, kube } = setUp();
    if (pvc !== undefined) kube.seed(persistentVolumeClaims, pvc);
    expect(await execute(volume)).toEqual({});
  });
});

describe('a snapshot that Velero took', () => {
  const mark = { annotations: { [annotations.movedBy]: `app/${nameOf('data')}` } };
  const finalizing = aBackup({}, 'Finalizing');

  function withSnapshot(claim = aClaim(), snapshot = aSnapshot()) {
    const setup = setUp({ csiEnabled: true });
    setup.kube.seed(persistentVolumeClaims, claim);
    setup.kube.seed(volumeSnapshots, snapshot);
    return setup;
  }
  const marksOf = async (execute: ReturnType<typeof setUp>['execute'], backup = aBackup()) =>
    Promise.all(
      [aSnapshot(), aContent()].map(async (object) => {
        const { item, ...rest } = await execute(object, backup);
        expect(rest).toEqual({});
        return item === undefined ? undefined : (JSON.parse(String(item)) as Resource).metadata.annotations;
      }),
    );

  it('of a claim that is moved is marked, and its content with it, before the claim has its turn', async () => {
    const { execute, kube } = withSnapshot();
    expect(await marksOf(execute)).toEqual([mark.annotations, mark.annotations]);
    expect(kube.writeCalls()).toEqual([]);
  });

  it('is marked in the finalizing pass too, when it is gone from the cluster', async () => {
    const { execute, kube } = withSnapshot();
    await execute(aClaim('data', { annotations: { 'velero.io/volume-snapshot-name': 'velero-data' } }));
    await kube.client('test').delete(volumeSnapshots, { namespace: 'app', name: 'velero-data' });
    expect(await marksOf(execute, finalizing)).toEqual([mark.annotations, mark.annotations]);
  });

  it.each([
    [
      'of a claim that is not moved',
      aClaim('data', { labels: { [annotations.dataMover]: 'false' } }),
      aSnapshot(),
    ],
    ['that a user made', aClaim(), aSnapshot('data', { labels: {} })],
    ['of another backup', aClaim(), aSnapshot('data', { labels: { 'velero.io/backup-name': 'weekly' } })],
  ])('%s goes through untouched in both passes', async (_, claim, snapshot) => {
    const { execute } = withSnapshot(claim, snapshot);
    expect(await marksOf(execute)).toEqual([undefined, undefined]);
    expect(await marksOf(execute, finalizing)).toEqual([undefined, undefined]);
  });

  it('goes through untouched with the mover off, also where our kinds are not installed', async () => {
    const { execute, kube } = setUp({ csiEnabled: true, enable: 'false' });
    kube.before = ({ kind }) => {
      if (kind.kind === 'DataMoverBackup')
        throw new KubeError({ code: 404, reason: 'NotFound', message: 'no such kind' });
    };
    expect(await marksOf(execute)).toEqual([undefined, undefined]);
    expect(await marksOf(execute, finalizing)).toEqual([undefined, undefined]);
  });

  it('keeps its mark in the finalizing pass when the mover was turned off meanwhile', async () => {
    const { execute, startProcess, turn } = withSnapshot();
    await execute(aClaim('data', { annotations: { 'velero.io/volume-snapshot-name': 'velero-data' } }));
    await turn('false');
    expect(await marksOf(startProcess().execute, finalizing)).toEqual([mark.annotations, mark.annotations]);
  });

  it('goes through untouched in the finalizing pass when the mover was turned on meanwhile', async () => {
    const { execute, startProcess, turn } = withSnapshot();
    await turn('false');
    expect(await marksOf(execute)).toEqual([undefined, undefined]);
    await turn('true');
    expect(await marksOf(startProcess().execute, finalizing)).toEqual([undefined, undefined]);
  });

  it('costs one list of a namespace in the finalizing pass, however many there are', async () => {
    const { execute, kube } = withSnapshot();
    const lists = () =>
      kube.calls.filter(({ kind, verb }) => verb === 'list' && kind.kind === 'DataMoverBackup');
    await marksOf(execute, finalizing);
    await marksOf(execute, finalizing);
    expect(lists()).toHaveLength(1);
  });

  it('of a group forgets the group, which a restore would make for it before it is asked', async () => {
    const { execute } = withSnapshot();
    const handle = { 'velero.io/csi-volumegroupsnapshot-handle': 'group-1' };
    const { item } = await execute(aSnapshot('data', { annotations: { ...handle, keep: 'this' } }));
    expect((JSON.parse(String(item)) as Resource).metadata.annotations).toEqual({
      ...mark.annotations,
      keep: 'this',
    });
  });

  it('of a backup with a name of 200 characters is marked', async () => {
    const long = aBackup();
    long.metadata.name = 'b'.repeat(200);
    const label = { 'velero.io/backup-name': labelValue(long.metadata.name) };
    const { execute } = withSnapshot(aClaim(), aSnapshot('data', { labels: label }));
    expect(await marksOf(execute, long)).toEqual([mark.annotations, mark.annotations]);
  });
});

describe('the mark of an earlier backup', () => {
  const stale = { annotations: { [annotations.movedBy]: 'app/dmb-old', keep: 'this' } };

  it.each([
    ['is replaced when the data is moved', 'true', aBackup(), `app/${nameOf('data')}`],
    ['is taken off when it is not', 'true', aBackup({ snapshotVolumes: false }), undefined],
    ['is taken off with the mover off', 'false', aBackup(), undefined],
  ])('%s', async (_, enable, backup, mark) => {
    const { item } = await setUp({ enable }).execute(aClaim('data', stale), backup);
    expect((JSON.parse(String(item)) as Resource).metadata.annotations).toEqual({
      keep: 'this',
      ...(mark === undefined ? {} : { [annotations.movedBy]: mark }),
    });
  });
});

describe('operations', () => {
  const ask = (setup: ReturnType<typeof setUp>, id: string) =>
    setup.action.progress(id, aBackup(), { log: recordingLog().log, signal: new AbortController().signal });

  it('cost one read per question', async () => {
    const setup = setUp({ status: { phase: 'Completed', message: 'done' } });
    const { operationID = '' } = await setup.execute(aClaim());
    const before = setup.kube.calls.length;
    expect(await ask(setup, operationID)).toMatchObject({ completed: true, error: '', description: 'done' });
    expect(setup.kube.calls.length - before).toBe(1);
  });

  it('do not end because a question failed', async () => {
    const setup = setUp();
    for (const code of [403, 500, 0]) {
      setup.kube.before = () => {
        throw new KubeError({ code, reason: 'X', message: 'cannot read' });
      };
      expect(await ask(setup, 'app/dmb-1')).toMatchObject({
        completed: false,
        error: '',
        description: expect.stringContaining('cannot read'),
      });
    }
  });

  it('are canceled although the API server falters', async () => {
    const setup = setUp({ status: { phase: 'Moving' } });
    setup.kube.seed(dataMoverBackups, { ...desiredBackup(aBackup(), aClaim(), { className: 'standard' }) });
    let failures = 2;
    setup.kube.before = ({ verb }) => {
      if (verb === 'mergePatch' && failures-- > 0)
        throw new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'later' });
    };
    const context = { log: recordingLog().log, signal: new AbortController().signal };
    const canceling = setup.action.cancel(`app/${nameOf('data')}`, aBackup(), context);
    await setup.clock.advance(500);
    await setup.clock.advance(1_000);
    await canceling;
    expect(setup.kube.peekAll(dataMoverBackups)[0]?.spec.cancel).toBe(true);
  });

  it('end with an error when their request is gone or was never ours', async () => {
    const setup = setUp();
    for (const id of ['app/gone', 'what'])
      expect(await ask(setup, id)).toMatchObject({ completed: true, error: expect.stringContaining(id) });
  });
});

describe('what the data mover works with', () => {
  const child = childName('backup', 'request-uid');
  const inVelero = (name: string, own: Record<string, string> = {}): PersistentVolumeClaim => {
    const claim = aClaim(name, { uid: `uid-${name}`, labels: own });
    return { ...claim, metadata: { ...claim.metadata, namespace: 'velero' } };
  };
  const cacheLabels = { [labels.cache]: 'abc', 'app.kubernetes.io/managed-by': 'velero-datamover' };
  const volumeOf = (claim: PersistentVolumeClaim) => ({
    ...aVolume('x'),
    spec: { claimRef: { namespace: 'velero', name: claim.metadata.name, uid: claim.metadata.uid ?? '' } },
  });
  const content = aContent();
  const cache = inVelero('cache', cacheLabels);

  it.each<[string, Resource]>([
    ['a staging claim', inVelero(child)],
    ["an engine's cache claim", inVelero(`engine-src-${child}-cache`)],
    ['a cache', cache],
    ['the volume of a staging claim', volumeOf(inVelero(child))],
    ['the volume of a cache', volumeOf(cache)],
    ['a staging snapshot', { ...aSnapshot(), metadata: { namespace: 'velero', name: child } }],
    [
      'the content of a staging snapshot',
      {
        ...content,
        spec: { ...content.spec, volumeSnapshotRef: { namespace: 'velero', name: child } },
      } as Resource,
    ],
  ])('is neither moved nor stored: %s', async (_, object) => {
    const { execute, kube } = setUp();
    kube.seed(persistentVolumeClaims, cache);
    const { item, ...rest } = await execute(object);
    expect(rest).toEqual({});
    expect((JSON.parse(String(item)) as Resource).metadata.annotations).toMatchObject({
      'velero.io/skip-from-backup': 'true',
    });
    expect(kube.writeCalls()).toEqual([]);
  });

  const ofVolSync = (
    kind: string,
    namespace: string,
    owner: string,
    group = 'volsync.backube',
  ): Resource => ({
    apiVersion: 'v1',
    kind,
    metadata: {
      namespace,
      name: `volsync-src-${owner}`,
      ownerReferences: [
        {
          apiVersion: `${group}/v1alpha1`,
          kind: 'ReplicationSource',
          name: owner,
          uid: 'x',
          controller: true,
        },
      ],
    },
  });

  it.each(['Job', 'ServiceAccount', 'Role', 'RoleBinding', 'PersistentVolumeClaim'])(
    'is not stored: a %s that VolSync has made for it, in whatever installation',
    async (kind) => {
      const { execute, kube } = setUp();
      for (const namespace of ['velero', 'velero-b']) {
        const { item, ...rest } = await execute(ofVolSync(kind, namespace, child));
        expect(rest).toEqual({});
        expect((JSON.parse(String(item)) as Resource).metadata.annotations).toEqual({
          'velero.io/skip-from-backup': 'true',
        });
      }
      expect(kube.calls).toEqual([]);
    },
  );

  it.each<[string, Resource]>([
    ["a tenant's ReplicationSource", ofVolSync('Job', 'app', 'nightly')],
    ['a copy of one of ours, by name', ofVolSync('Job', 'app', `${child}-copy`)],
    ['another owner', ofVolSync('Job', 'app', child, 'apps.example.com')],
    ['nothing', { apiVersion: 'batch/v1', kind: 'Job', metadata: { namespace: 'app', name: child } }],
  ])('is stored, and nothing is asked: a Job of %s', async (_, object) => {
    const { execute, kube } = setUp();
    expect(await execute(object)).toEqual({});
    expect(kube.calls).toEqual([]);
  });

  it('is moved neither, with a warning, where it carries its label in another namespace', async () => {
    const { execute, kube, lines } = setUp();
    expect(await execute(aClaim('data', { labels: { [labels.requestUid]: 'x' } }))).toEqual({});
    expect(kube.writeCalls()).toEqual([]);
    expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining(labels.requestUid) }]);
  });

  it.each<[string, Resource]>([
    ['a claim beside Velero', inVelero('minio')],
    ['a claim of a tenant that is named like one of ours', aClaim(child)],
  ])('is not taken for it: %s', async (_, object) => {
    const { execute } = setUp();
    expect(await execute(object)).toHaveProperty('operationID');
  });
});
