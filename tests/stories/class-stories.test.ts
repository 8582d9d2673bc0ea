import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { secrets } from '../../api/kubernetes/core.ts';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { failure } from '../fakes/fake-failure.ts';
import { leases } from '../../kube/runtime/lease.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;

beforeEach(() => {
  harness = new ControllerHarness();
});

afterEach(() => harness.stop());

const key = { name: 'volsync' };
const statusOf = () => harness.kube.peek(dataMoverClasses, key)?.status;
/** `<status> <reason>: <message>` by type. */
const conditions = () =>
  Object.fromEntries(
    (statusOf()?.conditions ?? []).map(({ type, status, reason, message }) => [
      type,
      `${status} ${reason}: ${message}`,
    ]),
  );
const change = (spec: Record<string, unknown>) =>
  harness.kube.client('admin').mergePatch(dataMoverClasses, key, { spec });
const writes = () => harness.kube.calls.filter(({ verb }) => verb === 'applyStatus').length;
const eventsOnClass = () =>
  harness.reports
    .filter(({ targets }) => targets.some(({ kind }) => kind === 'DataMoverClass'))
    .map(({ type, reason }) => `${type} ${reason}`);

describe('a class', () => {
  it('reports once that it is ready', async () => {
    await harness.start();
    await harness.quiesce();
    const observedGeneration = harness.kube.peek(dataMoverClasses, key)?.metadata.generation;
    expect(statusOf()?.observedGeneration).toBe(observedGeneration);
    expect(conditions()).toEqual({
      Accepted: 'True Succeeded: mover VolSync serves this class',
      EngineServing: "True EngineServes: VolSync's manager holds Lease volsync-system/b95b3104.backube",
      CredentialsPresent: 'True Available: the Secret and the storage location of the repositories exist',
      RepositoryReachable: 'True Reachable: s3.example.com responds to the controller',
      Ready: 'True Succeeded: mover VolSync serves this class',
    });
    expect(statusOf()?.conditions?.map((one) => one.observedGeneration)).toEqual(
      Array.from({ length: 5 }, () => observedGeneration),
    );
    await harness.advance(60_000);
    await harness.stop();
    await harness.start();
    await harness.advance(60_000);
    expect(writes()).toBe(1);
    // No Event is sent when all conditions are as expected.
    expect(eventsOnClass()).toEqual([]);
  });

  it('reports settings that have no effect, and serves requests nevertheless', async () => {
    await harness.addSource('data', 'precious');
    await harness.start();
    await change({
      config: { retain: { daily: 7 } },
      storageClasses: { fast: { config: { pruneIntervalDays: 7 } } },
    });
    await harness.quiesce();
    const message =
      'mover VolSync serves this class; config.retain has no effect: a snapshot is kept as long as the Velero backup that it belongs to; config.pruneIntervalDays has no effect: spec.repositories.pruneIntervalSeconds determines when a repository is pruned';
    expect(conditions()).toMatchObject({
      Accepted: `True Succeeded: ${message}`,
      Ready: `True Succeeded: ${message}`,
    });
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.phase === 'Completed');
    const source = harness.kube.calls.find(
      ({ verb, kind }) => verb === 'create' && kind.kind === 'ReplicationSource',
    );
    expect(source?.body).toMatchObject({
      spec: { restic: { retain: { last: '2147483647' }, pruneIntervalDays: 3650 } },
    });
  });

  it.each([
    ['its selector cannot be read', { selector: 'tier=gold,,' }, 'spec.selector'],
    ['its mover does not know a setting', { config: { nonsense: true } }, 'nonsense'],
    ['the prefix is no path', { config: { repositoryPrefix: '../..' } }, 'config.repositoryPrefix'],
    [
      'the settings for one StorageClass cannot be used',
      { storageClasses: { slow: { config: { repositoryPrefix: 'elsewhere' } } } },
      'spec.storageClasses',
    ],
  ])('reports InvalidConfig if %s, and becomes ready when that is fixed', async (_, wrong, named) => {
    await harness.start();
    await harness.quiesce();
    await change(wrong);
    await harness.quiesce();
    const { generation } = harness.kube.peek(dataMoverClasses, key)?.metadata ?? {};
    expect(statusOf()).toMatchObject({
      observedGeneration: generation,
      conditions: ['Accepted', 'Ready'].map((type) => ({
        type,
        status: 'False',
        reason: 'InvalidConfig',
        message: expect.stringContaining(named),
      })),
    });
    await change(Object.fromEntries(Object.keys(wrong).map((field) => [field, null])));
    await harness.quiesce();
    expect(conditions()['Ready']).toBe('True Succeeded: mover VolSync serves this class');
    expect(eventsOnClass()).toEqual(['Warning DataMoverClassNotReady', 'Normal DataMoverClassReady']);
  });

  it("with another controller's mover gets no status", async () => {
    harness.addClass((object) => {
      object.metadata.name = 'foreign';
      object.spec.mover = 'Vendor';
    });
    await harness.start();
    await harness.quiesce();
    expect(harness.kube.peek(dataMoverClasses, { name: 'foreign' })?.status).toBeUndefined();
  });

  const lease = { namespace: 'volsync-system', name: 'b95b3104.backube' };

  it('reports that VolSync does not run, and when it runs again', async () => {
    harness.kube.edit(leases, lease, ({ spec }) => void (spec!.holderIdentity = ''));
    await harness.start();
    await harness.quiesce();
    expect(conditions()['EngineServing']).toMatch(/^False EngineNotServing: .*manager has ended/);
    expect(conditions()['Ready']).toMatch(/^False EngineNotServing: /);
    expect(conditions()['CredentialsPresent']).toMatch(/^True /);
    harness.kube.edit(leases, lease, ({ spec }) => void (spec!.holderIdentity = 'manager'));
    await harness.until(() => conditions()['Ready']?.startsWith('True ') === true, 30_000);
    expect(eventsOnClass()).toEqual(['Warning DataMoverClassNotReady', 'Normal DataMoverClassReady']);
  });

  it('reports within two minutes that VolSync no longer renews its Lease', async () => {
    await harness.start();
    await harness.quiesce();
    const renewTime = new Date(harness.cluster.clock.now() - 180_000).toISOString();
    harness.kube.edit(leases, lease, ({ spec }) => void (spec!.renewTime = renewTime));
    await harness.until(() => conditions()['Ready']?.startsWith('False ') === true);
    expect(conditions()['EngineServing']).toContain(
      `it last renewed Lease volsync-system/b95b3104.backube at ${renewTime}`,
    );
  });

  it('reports that VolSync is not installed', async () => {
    await harness.start();
    harness.kube.before = ({ verb, kind }) => {
      if (verb === 'list' && kind.kind === 'ReplicationSource')
        throw failure(404, 'NotFound', { kind }, 'the server could not find the requested resource');
    };
    await harness.until(() => conditions()['Ready']?.startsWith('False ') === true);
    expect(conditions()['Ready']).toMatch(/^False EngineMissing: VolSync is not installed/);
  });

  it('reports Unknown if VolSync has no Lease', async () => {
    harness.kube.remove(leases, lease);
    await harness.start();
    await harness.quiesce();
    expect(conditions()['EngineServing']).toMatch(/^Unknown NoLease: /);
    expect(conditions()['Ready']).toMatch(/^Unknown NoLease: /);
    expect(eventsOnClass()).toEqual([]);
  });

  it('reports a missing secret, a missing key of it, and when the secret is complete', async () => {
    harness.kube.remove(secrets, { namespace: 'velero', name: 'restic-config' });
    await harness.start();
    await harness.quiesce();
    expect(conditions()['CredentialsPresent']).toMatch(/^False SecretNotFound: Secret velero\/restic-config/);
    harness.addSecret({ AWS_SECRET_ACCESS_KEY: '' });
    await harness.until(() => conditions()['Ready']?.includes('AWS_SECRET_ACCESS_KEY') === true, 30_000);
    expect(conditions()['Ready']).toMatch(/^False SecretInvalid: /);
    harness.addSecret();
    await harness.until(() => conditions()['Ready']?.startsWith('True ') === true, 30_000);
    expect(JSON.stringify([statusOf(), harness.reports])).not.toMatch(/p4ssw0rd|AKIAEXAMPLE|s3cr3t/);
  });

  it('reports once that the store does not respond, and once that it responds again', async () => {
    harness.store = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
    await harness.start();
    await harness.advance(60_000);
    expect(conditions()['Ready']).toMatch(
      /^False RepositoryUnreachable: the store s3\.example\.com refuses the connection, seen from the controller/,
    );
    harness.store = () => Promise.resolve(403);
    await harness.until(() => conditions()['Ready']?.startsWith('True ') === true, 30_000);
    expect(eventsOnClass()).toEqual(['Warning DataMoverClassNotReady', 'Normal DataMoverClassReady']);
  });

  it('reports Unknown if neither the secret nor a storage location names the repository', async () => {
    harness.addSecret({ RESTIC_REPOSITORY: '' });
    await harness.start();
    await harness.quiesce();
    expect(conditions()['CredentialsPresent']).toMatch(/^Unknown StorageLocationNotFound: /);
    expect(conditions()['RepositoryReachable']).toMatch(/^Unknown StorageLocationNotFound: /);
  });

  it('checks the store once a minute', async () => {
    let asked = 0;
    harness.store = () => Promise.resolve((asked++, 403));
    await harness.start();
    await harness.quiesce();
    await harness.advance(600_000);
    expect(asked).toBeGreaterThanOrEqual(10);
    expect(asked).toBeLessThanOrEqual(11);
  });

  it('serves requests even if it is not ready', async () => {
    harness.kube.remove(leases, lease);
    await harness.addSource('data', 'precious');
    await harness.start();
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.phase === 'Completed');
  });
});
