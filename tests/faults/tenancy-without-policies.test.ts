import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, secrets } from '../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { restoreName } from '../../api/datamover/v1alpha1/names.ts';
import { addVeleroRestore, policyBindings } from './tenants.ts';
import {
  VICTIM,
  VOLUME,
  type Wish,
  admin,
  harness,
  make,
  nested,
  restoreOf,
  snapshotContent,
  tenant,
  tryAs,
  until,
  useTenant,
  withConfig,
} from './tenant-fixture.ts';

/** What the controller refuses if a cluster does not enforce our admission policies. */

useTenant();

interface Ended extends Resource {
  status?: { phase?: string; failure?: { reason: string; message: string } };
}

const FINAL = ['Completed', 'Failed', 'Canceled'];

async function endOf(kind: Kind<Resource>, { metadata }: Resource): Promise<NonNullable<Ended['status']>> {
  const current = () =>
    harness.feed.get(kind, { namespace: harness.app, name: metadata.name }) as Ended | undefined;
  await harness.until(`the end of ${metadata.name}`, () => FINAL.includes(current()?.status?.phase ?? ''));
  return current()?.status ?? {};
}

describe('the controller without the admission policies', () => {
  let before: string[];

  beforeAll(async () => {
    for (const name of ['datamover-requests', 'datamover-removals'])
      await admin.delete(policyBindings, { name });
    await until(
      'the policies are gone',
      async () => (await tryAs(tenant, { metadata: { finalizers: [FINALIZER] } })) === 'made',
    );
    await harness.addClaim('restored', { 'oadp.openshift.io/data-mover-restore': 'r' });
    const theirs = { password: 'p4ssw0rd', snapshots: [{ id: 'abcdef01', at: 0, content: 'precious' }] };
    harness.actors.state.repositories.set('s3:http://s3.example.com/bucket/restic/c1/victim/data', theirs);
    await harness.until(
      'the claim is seen',
      () => harness.claim({ namespace: harness.app, name: 'restored' }) !== undefined,
    );
    before = harness.inventory();
  }, 240_000);

  it.each<[string, Wish, string]>([
    ["another namespace's snapshot content", snapshotContent('content-of-victim'), 'Forbidden'],
    [
      'a secret that the class does not allow',
      withConfig({ resticSecret: { name: 'cloud-credentials' } }),
      'Forbidden',
    ],
    [
      'a ServiceAccount of the protected namespace',
      withConfig({ moverServiceAccount: 'velero' }),
      'Forbidden',
    ],
    ['nodes of its choice', withConfig({ moverAffinity: {} }), 'Forbidden'],
    ['another storage location', withConfig({ backupStorageLocation: { name: 'x' } }), 'Forbidden'],
    ['hundreds of nested settings', withConfig({ resticSecret: nested(800) }), 'InvalidConfig'],
    ['a setting of a megabyte', withConfig({ cacheCapacity: 'x'.repeat(1_000_000) }), 'InvalidConfig'],
    ["another namespace's repository", restoreOf('c1/victim/data'), 'Forbidden'],
    ["another cluster's repository", restoreOf('c2/app-1/data'), 'Forbidden'],
    ['a repository inside another', restoreOf('c1/victim/data/data/c1/app-1/data'), 'Forbidden'],
    [
      'a time that is none',
      restoreOf('c1/app-1/data', { snapshotTime: '2016-12-31T23:59:59+24:00' }),
      'InvalidRequest',
    ],
    [
      'a destination elsewhere',
      {
        kind: dataMoverRestores,
        spec: { destinationClaimRef: { name: 'x', namespace: VICTIM }, source: {} },
      },
      'Forbidden',
    ],
  ])('refuses %s', async (_, wish, reason) => {
    const ended = await endOf(wish.kind ?? dataMoverBackups, await make(tenant, wish));
    expect(ended).toMatchObject({ phase: 'Failed', failure: { reason } });
    expect(ended.failure?.message).not.toMatch(/precious|p4ssw0rd|s3cr3t/);
    expect(harness.inventory()).toEqual(before);
    expect(harness.actors.state.started).toEqual([]);
  });

  it.each<[string, Wish, string]>([
    ['a path that a URL shortens', restoreOf('c1/victim/data#/c1/app-1/data'), 'result.repository'],
    ['a path that a URL leads elsewhere', restoreOf('c1/app-1/..%2Fvictim%2Fdata'), 'result.repository'],
    [
      'labels that no volume can have',
      restoreOf('c1/app-1/data', {}, { volume: { ...VOLUME, pvLabels: { 'a b': '?' } } }),
      'volume.pvLabels',
    ],
    [
      'an option in place of a snapshot',
      restoreOf('c1/app-1/data', { snapshotID: '--password-command=sh -c env>&2' }),
      'result.snapshotID',
    ],
  ])('has %s refused by the schema', async (_, wish, field) => {
    await expect(make(tenant, wish)).rejects.toThrow(new RegExp(`422 Invalid.*spec\\.source\\.${field}`));
  });

  it.each<[string, string, Record<string, string>, string]>([
    ['brings it elsewhere', 'elsewhere', { [VICTIM]: 'other' }, 'InProgress'],
    ['is over', 'over', { [VICTIM]: 'app-1' }, 'Completed'],
    ['did not make the request', 'real', { [VICTIM]: 'app-1' }, 'InProgress'],
  ])(
    "does not read another namespace's repository in the name of a Velero Restore that %s",
    async (_, name, namespaceMapping, phase) => {
      const place = { namespace: harness.protected, name };
      const { metadata } = await addVeleroRestore(admin, place, { namespaceMapping }, phase);
      const { uid = '' } = metadata;
      const annotations = { 'oadp.openshift.io/velero-restore': name };
      const made = name === 'real' ? {} : { name: restoreName(uid, harness.app, 'restored') };
      const forged = { ...made, annotations, labels: { 'velero.io/restore-uid': uid } };
      const ended = await endOf(
        dataMoverRestores,
        await make(tenant, { ...restoreOf('c1/victim/data'), metadata: forged }),
      );
      expect(ended).toMatchObject({ phase: 'Failed', failure: { reason: 'Forbidden' } });
      // The message does not reveal which Restores exist, and which namespaces they restore.
      expect(ended.failure?.message).not.toContain('other');
    },
  );

  it('does not hear of a wish to delete outside the protected namespace', async () => {
    const result = { mover: 'VolSync', repository: 'c1/victim/data', snapshotID: 'abcdef01' };
    const wish = await make<Ended>(tenant, { kind: dataMoverDeletes, spec: { result } });
    // A later request is reconciled.
    await endOf(dataMoverBackups, await make(tenant, snapshotContent('none')));
    expect(((await admin.get(dataMoverDeletes, keyOf(wish))) as Ended | undefined)?.status).toBeUndefined();
    expect(harness.repositoryOf('c1/victim/data')?.snapshots).toHaveLength(1);
  });

  it('removes no data of another namespace, even if a record in a bucket names it', async () => {
    const result = { mover: 'VolSync', repository: 'c1/victim/data', snapshotID: 'abcdef01' };
    const name = 'slot-holder';
    await admin.create(dataMoverDeletes, {
      metadata: { namespace: harness.protected, name },
      spec: { backupNamespace: harness.app, backupName: 'b', result },
    } as never);
    const current = () =>
      harness.feed.get(dataMoverDeletes, { namespace: harness.protected, name }) as Ended | undefined;
    await harness.until('the refusal', () => current()?.status?.phase === 'Failed');
    expect(current()?.status?.failure).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('belongs to namespace victim'),
    });
    expect(harness.repositoryOf('c1/victim/data')?.snapshots).toHaveLength(1);
    expect(harness.inventory()).toEqual(before);
  });

  it.each<[string, object]>([
    ['traceparent that is none', { annotations: { 'oadp.openshift.io/traceparent': '$(id)\n00-x' } }],
    [
      'mark of another request',
      {
        labels: { 'oadp.openshift.io/request-uid': 'of-victim', 'oadp.openshift.io/request-kind': 'backup' },
        annotations: { 'oadp.openshift.io/request': `${VICTIM}/b1` },
      },
    ],
  ])('serves a request with a %s as any other, and leaves nothing', async (_, metadata) => {
    const made = await make(tenant, { metadata });
    expect(await endOf(dataMoverBackups, made)).toMatchObject({ phase: 'Completed' });
    await harness.until('all is gone', () => isDeepStrictEqual(harness.inventory(), before));
  });

  it('ignores its own marks on objects of a tenant, and frees a slot despite a finalizer of the tenant', async () => {
    const first = await make<Ended>(tenant, { metadata: { finalizers: ['example.com/mine'] } });
    const { uid = '' } = first.metadata;
    const metadata = {
      namespace: harness.app,
      name: 'bait',
      labels: {
        'oadp.openshift.io/request-uid': uid,
        'oadp.openshift.io/request-kind': 'backup',
        'app.kubernetes.io/created-by': 'volsync',
      },
      annotations: { 'oadp.openshift.io/request': `${VICTIM}/x/y/z` },
    };
    await tenant.create(volumeSnapshots, {
      metadata,
      spec: { source: { volumeSnapshotContentName: 'content-of-victim' } },
    } as never);
    await tenant.create(secrets, { metadata } as never);
    await tenant.create(persistentVolumeClaims, {
      metadata,
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        resources: { requests: { storage: '1Gi' } },
      },
    } as never);
    expect(await endOf(dataMoverBackups, first)).toMatchObject({ phase: 'Completed' });
    await tenant.delete(dataMoverBackups, keyOf(first));
    // The class has one slot, and the first request, which its finalizer keeps, does not occupy it.
    expect(await endOf(dataMoverBackups, await make(tenant, {}))).toMatchObject({ phase: 'Completed' });
    for (const kind of [volumeSnapshots, secrets, persistentVolumeClaims] as readonly Kind<Resource>[])
      expect(
        (await admin.get(kind, { namespace: harness.app, name: 'bait' }))?.metadata.deletionTimestamp,
      ).toBeUndefined();
    const victims = await admin.get(volumeSnapshotContents, { name: 'content-of-victim' });
    expect(victims?.spec.deletionPolicy).toBe('Retain');
    expect(victims?.metadata.labels ?? {}).toEqual({});
  });

  it('removes the children of a request whose finalizer a tenant has removed', async () => {
    const { script } = harness.actors.state;
    harness.actors.state.script = () => ({ end: 'running', lines: [] });
    const started = harness.actors.state.started.length;
    const left = harness.inventory();
    const made = await make(tenant, { metadata: { finalizers: ['example.com/mine'] } });
    await harness.until('the mover runs', () => harness.actors.state.started.length > started);
    await tenant.delete(dataMoverBackups, keyOf(made));
    await tenant.mergePatch(dataMoverBackups, keyOf(made), { metadata: { finalizers: [] } });
    await harness.until('all is gone', () => isDeepStrictEqual(harness.inventory(), left));
    harness.actors.state.script = script;
  });
});
