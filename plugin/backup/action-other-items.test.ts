import { describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { labelValue } from '../../api/kubernetes/names.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { aBackup, aClaim, aContent, aSnapshot, aVolume } from '../../tests/fakes/velero-objects.ts';
import { nameOf, setUp } from '../../tests/fakes/backup-action.ts';

describe('a volume', () => {
  it('of a moved claim is marked, without a request', async () => {
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
  ])('that %s is not changed', async (_, volume, pvc) => {
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

  it('is marked in the finalizing pass too, even if it was deleted from the cluster', async () => {
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
  ])('%s is not changed in either pass', async (_, claim, snapshot) => {
    const { execute } = withSnapshot(claim, snapshot);
    expect(await marksOf(execute)).toEqual([undefined, undefined]);
    expect(await marksOf(execute, finalizing)).toEqual([undefined, undefined]);
  });

  it('is not changed with the mover off, even if its CustomResourceDefinitions are not installed', async () => {
    const { execute, kube } = setUp({ csiEnabled: true, enable: 'false' });
    kube.before = ({ kind }) => {
      if (kind.kind === 'DataMoverBackup')
        throw new KubeError({ code: 404, reason: 'NotFound', message: 'no such kind' });
    };
    expect(await marksOf(execute)).toEqual([undefined, undefined]);
    expect(await marksOf(execute, finalizing)).toEqual([undefined, undefined]);
  });

  it('keeps its mark in the finalizing pass if the mover was turned off during the backup', async () => {
    const { execute, startProcess, turn } = withSnapshot();
    await execute(aClaim('data', { annotations: { 'velero.io/volume-snapshot-name': 'velero-data' } }));
    await turn('false');
    expect(await marksOf(startProcess().execute, finalizing)).toEqual([mark.annotations, mark.annotations]);
  });

  it('is not changed in the finalizing pass if the mover was turned on during the backup', async () => {
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

  it('of a group loses its group handle, so that a restore does not create the group', async () => {
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
    'is not stored: a %s that VolSync created for it, in any installation',
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
  ])('is stored without a call to the API server: a Job of %s', async (_, object) => {
    const { execute, kube } = setUp();
    expect(await execute(object)).toEqual({});
    expect(kube.calls).toEqual([]);
  });

  it('is not moved, with a warning, if a claim in another namespace has its label', async () => {
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
